using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>Commits the files of a plain form: what a browser without script can upload. Large files need a client that hashes them first.</summary>
internal sealed class UploadForm(FileEdits edits)
{
    /// <summary>Bytes of all files together.</summary>
    public const long MaxBody = 64 * 1024 * 1024;

    /// <param name="folder">Empty for the root.</param>
    /// <param name="summary">Null or empty: says what was uploaded.</param>
    /// <exception cref="Refusal">As <see cref="FileEdits.CommitAsync"/>; <c>invalid_request</c> for no files, or one that belongs in large file storage.</exception>
    public async Task CommitAsync(RepoRoute route, RepoView view, string branch, string folder, string? summary, IFormFileCollection files, CancellationToken cancel)
    {
        if (files.Count == 0)
        {
            throw new Refusal(RefusalCode.Invalid, "Choose at least one file.");
        }

        var read = new List<(string Path, byte[] Content)>(files.Count);
        var attributes = new GitAttributes(at => GitAttributes.Read(view.Git.Objects, view.Tree.Root, at));
        foreach (var file in files)
        {
            var path = CleanPath.Of(folder.Length == 0 ? file.FileName : $"{folder}/{file.FileName}");
            RequireSmall(path, file.Length, attributes);
            using var content = new MemoryStream((int)file.Length);
            await file.CopyToAsync(content, cancel);
            read.Add((path, content.ToArray()));
        }

        var said = string.IsNullOrEmpty(summary) ? (read.Count == 1 ? $"Upload {read[0].Path}" : $"Upload {read.Count} files") : summary;
        await edits.CommitAsync(route, branch, new CommitMessage(said, null, null), pack => [.. read.Select(f => FileEdits.Put(pack, f.Path, f.Content))], cancel);
    }

    private static void RequireSmall(string path, long size, GitAttributes attributes)
    {
        if (size > CommitReader.MaxRegularFile || (size > 0 && attributes.IsLfs(path)))
        {
            throw new Refusal(RefusalCode.Invalid, $"{path} belongs in large file storage, which this form cannot reach without script. Upload it with \"hf upload\", or with git and git-lfs.");
        }
    }
}
