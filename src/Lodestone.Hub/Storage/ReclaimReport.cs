using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>What a reclaim found and did; of a dry run, what it would have done.</summary>
public sealed record ReclaimReport
{
    public required bool IsDryRun { get; init; }

    /// <summary>Large files that no reference of their repository reaches.</summary>
    [JsonInclude]
    public Amount Unreferenced { get; internal set; }

    /// <summary>Of these, those that their repository let go of.</summary>
    [JsonInclude]
    public Amount Released { get; internal set; }

    /// <summary>All blobs that were there.</summary>
    [JsonInclude]
    public Amount Blobs { get; internal set; }

    /// <summary>Blobs whose bytes are kept as chunks too, so that nobody needs them. They are among those that wait or go.</summary>
    [JsonInclude]
    public Amount Spare { get; internal set; }

    /// <summary>Blobs that nobody needs and that have not waited long enough.</summary>
    [JsonInclude]
    public Amount Waiting { get; internal set; }

    /// <summary>Blobs that were deleted.</summary>
    [JsonInclude]
    public Amount Freed { get; internal set; }

    /// <summary>Chunked files that no repository had held for long enough. Their xorbs wait from now on, where nothing else needs them.</summary>
    [JsonInclude]
    public Amount Forgotten { get; internal set; }

    /// <summary>All xorbs that were there.</summary>
    [JsonInclude]
    public Amount Xorbs { get; internal set; }

    /// <summary>Xorbs that no file has chunks of and that have not waited long enough.</summary>
    [JsonInclude]
    public Amount WaitingXorbs { get; internal set; }

    /// <summary>Xorbs that were deleted.</summary>
    [JsonInclude]
    public Amount FreedXorbs { get; internal set; }

    /// <summary>Bytes of chunks that no file needs, in xorbs of which files need others.</summary>
    [JsonInclude]
    public long Dead { get; internal set; }

    /// <summary>Xorbs of which files need less than half, and what is dead in them.</summary>
    [JsonInclude]
    public Amount Sparse { get; internal set; }

    /// <summary>Of these, those whose live chunks were written anew. They wait from now on.</summary>
    [JsonInclude]
    public Amount Compacted { get; internal set; }

    /// <summary>What is stored for all repositories.</summary>
    [JsonIgnore]
    internal StorageCount? Server { get; set; }

    /// <summary>Bytes on disk: blobs and xorbs, before anything was deleted.</summary>
    [JsonIgnore]
    public long OnDisk => Blobs.Bytes + Xorbs.Bytes;

    /// <summary>Bytes on disk that nobody needs and that wait.</summary>
    [JsonIgnore]
    public long WaitingBytes => Waiting.Bytes + WaitingXorbs.Bytes;

    /// <summary>Blobs and xorbs that were deleted.</summary>
    [JsonIgnore]
    public Amount FreedTogether => new(Freed.Files + FreedXorbs.Files, Freed.Bytes + FreedXorbs.Bytes);

    /// <summary>A line for each.</summary>
    [JsonIgnore]
    public string Text => $"""
        On disk: {Readable.Bytes(OnDisk)} in {Blobs.Files} blobs and {Xorbs.Files} xorbs
        {Needed}
        Large files that no branch, tag or other reference reaches: {Unreferenced}
          {(IsDryRun ? "would be let go of" : "let go of")} after waiting: {Released}
        Blobs that nobody needs, waiting: {Waiting}
          {(IsDryRun ? "would be freed" : "freed")}: {Freed}
          of both, kept as chunks too: {Spare}
        Xorbs that no file needs, waiting: {WaitingXorbs}
          {(IsDryRun ? "would be freed" : "freed")}: {FreedXorbs}
        Chunks that no file needs, in xorbs that are needed: {Readable.Bytes(Dead)}
          {(IsDryRun ? "would be moved out of" : "moved out of")}: {(IsDryRun ? Sparse : Compacted)} xorbs
        {(IsDryRun ? "Would free" : "Freed")}: {FreedTogether}
        """;

    private string Needed => Server is { } server
        ? $"  needed: {Readable.Bytes(server.Stored)}, for {server.Files} large files of {Readable.Bytes(server.Logical)}; several namespaces share {Readable.Bytes(server.Shared)}"
        : "";

    /// <param name="Bytes">Of all of them.</param>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Amount(long Files, long Bytes)
    {
        public static Amount operator +(Amount amount, long bytes) => new(amount.Files + 1, amount.Bytes + bytes);

        public override string ToString() => $"{Files} ({Readable.Bytes(Bytes)})";
    }
}
