using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Lays a model's files out in a folder for the program that converts them: small ones as copies, large ones as links to where they are.</summary>
internal sealed class ConversionFiles(StorageOptions storage, RepoStore store, RepoContent content, LargeFiles large)
{
    private const string SourceFolder = "source";

    private static readonly string[] Texts = ["config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "chat_template.jinja"];

    /// <summary>One of these has the weights, or says in which files they are.</summary>
    public static IReadOnlyList<string> Weights { get; } = ["model.safetensors", "model.safetensors.index.json"];

    /// <summary>Where a conversion has its files, on this server.</summary>
    public string FolderOf(Guid conversionId) => Path.Combine(storage.DataDirectory, "conversions", PublicId.ToHub(conversionId));

    public void Remove(Guid conversionId)
    {
        if (Directory.Exists(FolderOf(conversionId)))
        {
            Directory.Delete(FolderOf(conversionId), recursive: true);
        }
    }

    /// <returns>What to convert: the folder, or the file in it.</returns>
    public async Task<string> LayOutAsync(ModelConversion one, CancellationToken cancel)
    {
        var folder = Path.Combine(FolderOf(one.Id), SourceFolder);
        Directory.CreateDirectory(folder);
        var tree = new RepoTree(store.Open(one.RepoId), ObjectId.Parse(one.CommitId));
        if (one.Source is { } named)
        {
            var file = tree.Find(named) ?? throw new Refusal(RefusalCode.NotFound, $"{named} is gone.");
            return await PlaceAsync(tree, file, Path.Combine(folder, "source.gguf"), cancel);
        }

        foreach (var file in tree.List("", isRecursive: false).Where(f => !f.IsFolder && (Texts.Contains(f.Path) || Weights.Contains(f.Path) || f.Path.EndsWith(".safetensors", StringComparison.Ordinal))))
        {
            await PlaceAsync(tree, file, Path.Combine(folder, file.Path), cancel);
        }

        return folder;
    }

    private async Task<string> PlaceAsync(RepoTree tree, RepoEntry file, string place, CancellationToken cancel)
    {
        File.Delete(place); // left by a run that was cut off: a link may lead to what is gone
        if (file.Large is { } pointer)
        {
            File.CreateSymbolicLink(place, Path.GetFullPath(await large.LocalPathAsync(pointer.Digest, cancel)));
            return place;
        }

        await using var from = await content.OpenAsync(tree, file, 0, cancel);
        await using var to = File.Create(place);
        await from.CopyToAsync(to, cancel);
        return place;
    }
}
