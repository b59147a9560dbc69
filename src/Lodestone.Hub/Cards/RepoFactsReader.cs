using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <summary>Derives <see cref="RepoFacts"/> from the files of a commit. Damaged files leave their facts out; nothing here fails a commit.</summary>
internal sealed partial class RepoFactsReader(RepoContent content)
{
    private const long MaxReadme = 4 * 1024 * 1024;
    private const long MaxJson = 16 * 1024 * 1024;
    private const int MaxShards = 2000;
    private const int MostEvaluations = 50;
    private const long MaxEvaluation = 64 * 1024;
    private const int MostDataFiles = 10_000; // what these show of formats, the rest would too

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Whether facts can change when this path does.</summary>
    public static bool Matters(RepoType type, string path) => path is "README.md" || type switch
    {
        RepoType.Model => IsOfModel(path),
        RepoType.Dataset => DatasetFormats.Matters(path),
        _ => false,
    };

    public async Task<RepoFacts> ReadAsync(RepoType type, RepoTree tree, CancellationToken cancel)
    {
        var readme = await content.ReadTextAsync(tree, "README.md", MaxReadme, cancel) is { } text ? FrontMatter.Read(text) : null;
        var facts = type switch
        {
            RepoType.Model => await ReadModelAsync(tree, readme, cancel),
            RepoType.Dataset => ReadDataset(tree, readme),
            _ => new RepoFacts { Tags = CardTags.OfSpace(readme?.Data), Names = CardNames.OfSpace(readme?.Data), CardData = readme?.Data, CardError = readme?.Error },
        };
        return facts with { GateFields = GateField.OfCard(readme?.Data) };
    }

    private static bool IsOfModel(string path) => path is "config.json" or "tokenizer_config.json" || ModelFormats.Matters(path) || EvaluationResults.IsOf(path);

    private static RepoFacts ReadDataset(RepoTree tree, FrontMatter? readme) => new()
    {
        Tags = CardTags.OfDataset(readme, DatasetFormats.Tags(tree.Paths().Take(MostDataFiles))),
        CardData = readme?.Data,
        CardError = readme?.Error,
        Description = DatasetText.Description(readme?.Body),
        Citation = DatasetText.Citation(readme?.Body),
    };

    private async Task<RepoFacts> ReadModelAsync(RepoTree tree, FrontMatter? readme, CancellationToken cancel)
    {
        var paths = tree.Paths().Where(IsOfModel).ToList();
        var config = await ReadJsonAsync(tree, "config.json", cancel);
        var tokenizer = await ReadJsonAsync(tree, "tokenizer_config.json", cancel);
        var files = paths.Where(IsServable).Select(tree.Find).OfType<RepoEntry>().ToList();
        var tags = CardTags.OfModel(readme, paths, config);
        var gguf = files.Count > 0 ? await ReadGgufAsync(tree, files[0], cancel) : null;
        return new RepoFacts
        {
            Tags = tags.Tags,
            Names = CardNames.OfModel(readme?.Data),
            PipelineTag = tags.PipelineTag,
            LibraryName = tags.LibraryName,
            CardData = readme?.Data,
            CardError = readme?.Error,
            Config = ConfigExcerpt.Of(config, tokenizer),
            MaskToken = readme?.Data?.Text("mask_token") ?? tokenizer?.TokenText("mask_token"),
            Safetensors = await ReadSafetensorsAsync(tree, cancel),
            Gguf = gguf,
            Adapter = files.Count > 0 && gguf?.Kind is not "adapter" ? null : AdapterFacts.Of(tree, readme?.Data, await ReadJsonAsync(tree, AdapterFacts.ConfigFile, cancel), files.FirstOrDefault()),
            Evaluations = await ReadEvaluationsAsync(readme, tree, paths, cancel),
            GgufFiles = [.. files.Where(f => f.Large is not null).Select(f => new GgufFile(f.Path, f.Large!.Digest.Hex, f.Size))],
        };
    }

    private async Task<IReadOnlyList<EvaluationResult>> ReadEvaluationsAsync(FrontMatter? readme, RepoTree tree, List<string> paths, CancellationToken cancel)
    {
        var files = new List<(string Path, string Content)>();
        foreach (var path in paths.Where(EvaluationResults.IsOf).Take(MostEvaluations))
        {
            files.Add((path, await content.ReadTextAsync(tree, path, MaxEvaluation, cancel) ?? ""));
        }

        return EvaluationResults.Of(readme?.Data, files);
    }

    // Parts of a split file, and projectors of images, cannot be loaded on their own.
    private static bool IsServable(string path) =>
        path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
        && !SplitFile().IsMatch(path)
        && !Path.GetFileName(path).StartsWith("mmproj", StringComparison.OrdinalIgnoreCase);

    private async Task<JsonObject?> ReadJsonAsync(RepoTree tree, string path, CancellationToken cancel)
    {
        try
        {
            return await content.ReadTextAsync(tree, path, MaxJson, cancel) is { } text ? JsonNode.Parse(text, documentOptions: Strict) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<SafetensorsFacts?> ReadSafetensorsAsync(RepoTree tree, CancellationToken cancel)
    {
        var parameters = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var name in await SafetensorsFilesAsync(tree, cancel))
        {
            if (tree.Find(name) is not { IsFolder: false } file)
            {
                return null;
            }

            await using var stream = await content.OpenAsync(tree, file, 0, cancel);
            if (!await SafetensorsHeader.AddAsync(stream, parameters, cancel))
            {
                return null;
            }
        }

        return parameters.Count > 0 ? new SafetensorsFacts(parameters, parameters.Values.Sum()) : null;
    }

    private async Task<IReadOnlyList<string>> SafetensorsFilesAsync(RepoTree tree, CancellationToken cancel)
    {
        if (tree.FindEntry("model.safetensors") is not null)
        {
            return ["model.safetensors"];
        }

        var index = await ReadJsonAsync(tree, "model.safetensors.index.json", cancel);
        var files = (index?["weight_map"] as JsonObject)?.Select(w => w.Value is JsonValue value && value.TryGetValue<string>(out var file) ? file : null);
        return [.. (files ?? []).OfType<string>().Distinct(StringComparer.Ordinal).Take(MaxShards)];
    }

    private async Task<GgufFacts?> ReadGgufAsync(RepoTree tree, RepoEntry file, CancellationToken cancel)
    {
        await using var stream = await content.OpenAsync(tree, file, 0, cancel);
        return GgufHeader.Read(stream);
    }

    [GeneratedRegex(@"-\d{5}-of-\d{5}\.gguf$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SplitFile();
}
