using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Lodestone.Hub;

/// <param name="Skipped">Bytes to drop at the start of the first term.</param>
/// <param name="Xorbs">By xorb, where its chunks are fetched: each entry has one range.</param>
internal sealed record ReconstructionAnswer(
    [property: JsonPropertyName("offset_into_first_range")] long Skipped, IReadOnlyList<TermAnswer> Terms, IReadOnlyDictionary<string, IReadOnlyList<XorbFetch>> Xorbs);

/// <summary>As clients of the first version read it.</summary>
/// <param name="Skipped">Bytes to drop at the start of the first term.</param>
/// <param name="FetchInfo">By xorb, where its chunks are fetched.</param>
internal sealed record OldReconstructionAnswer(
    [property: JsonPropertyName("offset_into_first_range")] long Skipped,
    IReadOnlyList<TermAnswer> Terms,
    [property: JsonPropertyName("fetch_info")] IReadOnlyDictionary<string, IReadOnlyList<OldXorbFetch>> FetchInfo);

/// <summary>Several whole files.</summary>
/// <param name="Files">Terms by file; a file that the reader may not have is absent.</param>
internal sealed record ReconstructionsAnswer(
    IReadOnlyDictionary<string, IReadOnlyList<TermAnswer>> Files,
    [property: JsonPropertyName("fetch_info")] IReadOnlyDictionary<string, IReadOnlyList<OldXorbFetch>> FetchInfo);

/// <param name="Hash">The xorb.</param>
/// <param name="UnpackedLength">Bytes of the chunks.</param>
/// <param name="Range">Chunks, the end exclusive.</param>
internal sealed record TermAnswer(string Hash, [property: JsonPropertyName("unpacked_length")] long UnpackedLength, Bounds Range);

internal sealed record XorbFetch(string Url, IReadOnlyList<XorbFetchRange> Ranges);

/// <param name="Chunks">The end exclusive.</param>
/// <param name="Bytes">The end inclusive, as in a <c>Range</c> header.</param>
internal sealed record XorbFetchRange(Bounds Chunks, Bounds Bytes);

/// <param name="Range">Chunks, the end exclusive.</param>
/// <param name="UrlRange">Bytes, the end inclusive.</param>
internal sealed record OldXorbFetch(Bounds Range, string Url, [property: JsonPropertyName("url_range")] Bounds UrlRange);

[StructLayout(LayoutKind.Auto)]
internal readonly record struct Bounds(long Start, long End);

/// <param name="Prefix">Always <c>default</c>; not looked at.</param>
internal sealed record WantedReconstruction(string? Prefix, string? Hash);
