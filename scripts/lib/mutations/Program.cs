// Rewrites C# files so that each holds all of its mutations, each behind a switch of its own: compiled once, run once for each.
//   mutations FIRST-NUMBER LEAVE-OUT,… FILE…     prints one line of JSON for each mutation
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

var (next, without) = (int.Parse(args[0]), args[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToHashSet());
foreach (var file in args[2..])
{
    var root = CSharpSyntaxTree.ParseText(File.ReadAllText(file), new CSharpParseOptions(LanguageVersion.Preview)).GetRoot();
    var rewriter = new Mutations(next, without);
    File.WriteAllText(file, rewriter.Visit(root).ToFullString());
    next = rewriter.Next;
    foreach (var (id, line, from, to) in rewriter.Made)
    {
        Console.WriteLine(JsonSerializer.Serialize(new { id, file, line, from, to }));
    }
}
