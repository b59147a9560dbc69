using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <param name="Operation"><c>upload</c> or <c>download</c>.</param>
/// <param name="Transfers">Ways of transfer that the client knows; absent: <c>basic</c>.</param>
/// <param name="Ref">What the objects are for; absent: a proposal, or a client that does not say.</param>
internal sealed record LfsRequest(
    string? Operation,
    IReadOnlyList<string>? Transfers,
    IReadOnlyList<LfsRequestObject>? Objects,
    [property: JsonPropertyName("hash_algo")] string? HashAlgo,
    LfsRef? Ref);

/// <param name="Name">The branch that the objects are for.</param>
internal sealed record LfsRef(string? Name);

/// <param name="Oid">SHA-256 in lower-case hex.</param>
/// <param name="Size">Bytes.</param>
internal sealed record LfsRequestObject(string? Oid, long? Size)
{
    public Sha256Digest? Digest() => Sha256Digest.TryParse(Oid, out var digest) ? digest : null;

    public bool IsValid() => Digest() is not null && Size is >= 0;
}

internal sealed record LfsAnswer(string Transfer, IReadOnlyList<LfsAnswerObject> Objects, [property: JsonPropertyName("hash_algo")] string HashAlgo);

/// <summary>One object with what to do next; no action when it is there already.</summary>
internal sealed record LfsAnswerObject(string Oid, long Size)
{
    public bool? Authenticated { get; init; }

    public LfsActions? Actions { get; init; }

    public LfsError? Error { get; init; }
}

internal sealed record LfsActions
{
    public LfsAction? Upload { get; init; }

    public LfsAction? Verify { get; init; }

    public LfsAction? Download { get; init; }
}

internal sealed record LfsAction(string Href)
{
    /// <summary>For uploads in parts: <c>chunk_size</c>, and the address of each part by its number.</summary>
    public IReadOnlyDictionary<string, string>? Header { get; init; }

    /// <summary>Seconds.</summary>
    [JsonPropertyName("expires_in")]
    public long? ExpiresIn { get; init; }
}

/// <param name="Code">As HTTP statuses.</param>
internal sealed record LfsError(int Code, string Message);

/// <summary>Locks of the caller and of others.</summary>
internal sealed record LfsLocks(IReadOnlyList<string> Ours, IReadOnlyList<string> Theirs);

/// <summary>All parts are sent.</summary>
internal sealed record LfsCompletion(string? Oid, IReadOnlyList<LfsPart>? Parts);

/// <param name="PartNumber">From 1.</param>
/// <param name="Etag">As the part's upload was answered.</param>
internal sealed record LfsPart(int PartNumber, string? Etag);
