using System.Text;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Community;

public sealed class TextMergeTests
{
    /// <summary>Texts that two people changed at random: what merges here, merges in git, and to the same bytes.</summary>
    [Fact]
    public async Task What_merges_is_what_git_makes_of_it()
    {
        var folder = Directory.CreateTempSubdirectory("lodestone-merge-").FullName;
        try
        {
            var random = new Random(17);
            var (clean, refused) = (0, 0);
            for (var i = 0; i < 60; i++)
            {
                var old = Enumerable.Range(0, random.Next(0, 14)).Select(_ => $"line {random.Next(5)}").ToList();
                var (ours, theirs) = (Changed(old, random), Changed(old, random));
                var (a, b, c) = (Bytes(old, random), Bytes(ours, random), Bytes(theirs, random));
                var merged = await MergedAsync(folder, a, b, c);
                var (exitCode, output, _) = await ClientProcess.TryAsync("git", ["merge-file", "-p", "ours", "old", "theirs"], folder);
                if (merged.Conflicts > 0)
                {
                    refused++;
                    continue;
                }

                clean++;
                Assert.Equal(0, exitCode);
                Assert.Equal(output, Encoding.UTF8.GetString(merged.Content));
            }

            Assert.True(clean > 10 && refused > 10, $"{clean} clean, {refused} refused");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("a b c d e", "A b c d e", "a b c d E", "A b c d E")]
    [InlineData("a b c", "a X b c", "a X b c", "a X b c")]
    [InlineData("a b c", "a c", "a b c d", "a c d")]
    [InlineData("", "a", "a", "a")]
    public void Changes_apart_from_each_other_merge(string old, string ours, string theirs, string expected)
    {
        Assert.Equal((0, Lines(expected)), Merge(old, ours, theirs));
    }

    [Fact]
    public void Changes_that_touch_stand_between_marks()
    {
        var (conflicts, text) = Merge("a b c", "a X c", "a Y c");

        Assert.Equal((1, "a\n<<<<<<< main\nX\n=======\nY\n>>>>>>> refs/pr/1\nc\n"), (conflicts, text));
    }

    private static (int Conflicts, string Text) Merge(string old, string ours, string theirs)
    {
        var (a, b, c) = (Lines(old), Lines(ours), Lines(theirs));
        var merged = MergedText.Merge(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b), Encoding.UTF8.GetBytes(c), Naive(old, ours), Naive(old, theirs), "main", "refs/pr/1");
        return (merged.Conflicts, Encoding.UTF8.GetString(merged.Content));
    }

    /// <summary>All between the common beginning and the common end, as one change.</summary>
    private static IReadOnlyList<LineChange> Naive(string old, string @new)
    {
        var (a, b) = (Words(old), Words(@new));
        var head = a.Zip(b).TakeWhile(p => p.First == p.Second).Count();
        var tail = Enumerable.Reverse(a.Skip(head).ToArray()).Zip(Enumerable.Reverse(b.Skip(head).ToArray())).TakeWhile(p => p.First == p.Second).Count();
        var change = new LineChange(head, a.Length - head - tail, head, b.Length - head - tail);
        return change is { OldCount: 0, NewCount: 0 } ? [] : [change];
    }

    private static async Task<MergedText> MergedAsync(string folder, byte[] old, byte[] ours, byte[] theirs)
    {
        foreach (var (name, content) in new[] { ("old", old), ("ours", ours), ("theirs", theirs) })
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, name), content);
        }

        return MergedText.Merge(old, ours, theirs, await ChangesAsync(folder, "ours"), await ChangesAsync(folder, "theirs"));
    }

    private static async Task<IReadOnlyList<LineChange>> ChangesAsync(string folder, string name) =>
        LineChange.Read((await ClientProcess.TryAsync("git", ["diff", "--no-index", "-U0", "old", name], folder)).Output);

    private static List<string> Changed(List<string> lines, Random random)
    {
        var changed = new List<string>(lines);
        for (var i = random.Next(0, 3); i > 0; i--)
        {
            var at = random.Next(changed.Count + 1);
            if (random.Next(3) == 0 || at == changed.Count)
            {
                changed.Insert(at, $"new {random.Next(3)}");
            }
            else if (random.Next(2) == 0)
            {
                changed.RemoveAt(at);
            }
            else
            {
                changed[at] = $"other {random.Next(3)}";
            }
        }

        return changed;
    }

    private static byte[] Bytes(List<string> lines, Random random) => Encoding.UTF8.GetBytes(string.Join('\n', lines) + (lines.Count > 0 && random.Next(4) > 0 ? "\n" : ""));

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Lines(string text) => string.Concat(Words(text).Select(w => w + "\n"));
}
