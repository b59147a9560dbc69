namespace Lodestone.Hub;

/// <summary>A file's content wherever it is: in git, or behind a pointer.</summary>
internal sealed class RepoContent(LargeFiles files)
{
    /// <param name="start">First byte wanted.</param>
    public async Task<Stream> OpenAsync(RepoTree tree, RepoEntry file, long start, CancellationToken cancel)
    {
        if (file.Large is not { } large)
        {
            return OpenInGit(tree, file, start);
        }

        var content = await files.OpenAsync(large.Digest, cancel);
        content.Seek(start, SeekOrigin.Begin);
        return content;
    }

    /// <summary>As git has it: for a large file this is its pointer.</summary>
    public static Stream OpenInGit(RepoTree tree, RepoEntry file, long start)
    {
        var content = tree.Open(file);
        content.Skip(start);
        return content;
    }

    /// <summary>A small text file of the repository.</summary>
    /// <returns>Null when it is missing, or longer than <paramref name="limit"/> bytes.</returns>
    public async Task<string?> ReadTextAsync(RepoTree tree, string path, long limit, CancellationToken cancel)
    {
        if (tree.Find(path) is not { IsFolder: false } file || file.Size > limit)
        {
            return null;
        }

        await using var content = await OpenAsync(tree, file, 0, cancel);
        using var reader = new StreamReader(content);
        return await reader.ReadToEndAsync(cancel);
    }
}
