using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// What the new objects of a push may be: no large files outside LFS, no paths that a checkout or a page would trip over, no pointers
/// to large files that the repository does not hold.
/// </summary>
internal sealed class PushRules(PushLimits limits)
{
    private const double MiB = 1024 * 1024;

    private readonly Findings _large = new();
    private readonly Findings _hostile = new();
    private readonly Dictionary<Sha256Digest, (string Path, long Size)> _pointers = [];

    public void Look(NewObject found)
    {
        if (found.Type is GitObjectType.Tree)
        {
            foreach (var entry in found.Home.Tree(found.Id).Entries.Where(e => !GitPath.IsCleanName(e.Name)))
            {
                _hostile.Add(found.Path.Length == 0 ? entry.Name : $"{found.Path}/{entry.Name}");
            }
        }
        else if (found.Type is GitObjectType.Blob && found.Size > limits.RegularFile)
        {
            _large.Add(found.Path, string.Create(CultureInfo.InvariantCulture, $" ({found.Size / MiB:F1} MiB)"));
        }
        else if (found.Type is GitObjectType.Blob && found.Size <= LfsPointer.MaxLength && LfsPointer.TryParse(found.Home.Read(found.Id)?.Content, out var pointer))
        {
            _pointers.TryAdd(pointer.Digest, (found.Path, pointer.Size));
        }
    }

    /// <summary>What to tell the person, once all new objects were looked at; empty when all is well.</summary>
    public async Task<IReadOnlyList<PushComplaint>> ComplaintsAsync(HubDb db, Guid repoId, CancellationToken cancel)
    {
        var complaints = new List<PushComplaint>();
        if (_hostile.Count > 0)
        {
            complaints.Add(new PushComplaint(
                $"{_hostile.First} is not an acceptable path",
                ["These paths cannot be stored here. Rename them in every commit that you push: no '..', '.git', backslashes, control or text-direction characters, at most 255 bytes a name.", .. _hostile.Lines]));
        }

        if (_large.Count > 0)
        {
            var size = limits.RegularFile / (1024 * 1024);
            complaints.Add(new PushComplaint(
                string.Create(CultureInfo.InvariantCulture, $"{_large.First} is larger than {size} MiB and not in Git LFS"),
                [
                    string.Create(CultureInfo.InvariantCulture, $"Files larger than {size} MiB must be in Git LFS. These are not:"), .. _large.Lines,
                    "Move them there in every commit that you push, and push again:",
                    string.Create(CultureInfo.InvariantCulture, $"  git lfs migrate import {_large.Pattern ?? $"--above={size}MiB"}"),
                    "  git lfs install", // not before: it makes files look changed, and migrating wants none
                    "  git lfs checkout",
                    "  git push",
                ]));
        }

        return await MissingAsync(db, repoId, cancel) is { } missing ? [.. complaints, missing] : complaints;
    }

    private async Task<PushComplaint?> MissingAsync(HubDb db, Guid repoId, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repoId, _pointers.Keys, cancel);
        var missing = new Findings();
        foreach (var (digest, (path, size)) in _pointers)
        {
            if (!held.TryGetValue(digest.Hex, out var actual))
            {
                missing.Add(path, $" (sha256 {digest.Hex})");
            }
            else if (actual != size)
            {
                missing.Add(path, string.Create(CultureInfo.InvariantCulture, $" (has {actual} bytes, not {size})"));
            }
        }

        return missing.Count == 0 ? null : new PushComplaint(
            $"the large file of {missing.First} is not here",
            ["The repository does not hold the large files that these pointers name:", .. missing.Lines, "Upload them, and push again:", "  git lfs push --all origin"]);
    }

    /// <summary>Paths that break a rule: all are counted, some are named.</summary>
    private sealed class Findings
    {
        private const int MostNamed = 10;

        private readonly List<(string Path, string Remark)> _named = [];

        public int Count { get; private set; }

        public string First => GitPath.Printable(_named[0].Path);

        public IEnumerable<string> Lines =>
            [.. _named.Select(n => $"  {GitPath.Printable(n.Path)}{n.Remark}"), .. Count > MostNamed ? [string.Create(CultureInfo.InvariantCulture, $"  … and {Count - MostNamed} more")] : Array.Empty<string>()];

        /// <summary>The paths for a command line; null when some are not named or would need quoting.</summary>
        public string? Pattern => Count <= MostNamed && _named.TrueForAll(n => n.Path.Length > 0 && n.Path.All(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or ' ' or '+'))
            ? $"--include=\"{string.Join(',', _named.Select(n => n.Path))}\""
            : null;

        public void Add(string path, string remark = "")
        {
            if (Count++ < MostNamed)
            {
                _named.Add((path, remark));
            }
        }
    }
}

/// <param name="Reason">Short, for behind a reference's name.</param>
/// <param name="Lines">All of it, and what to do.</param>
internal sealed record PushComplaint(string Reason, IReadOnlyList<string> Lines);
