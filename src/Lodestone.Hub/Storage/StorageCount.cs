namespace Lodestone.Hub;

/// <summary>
/// What is stored for a scope, as it was counted. Everything but <see cref="Shared"/> of a repository follows from what the scope
/// itself holds; that looks at the other repositories of its namespace, never at other namespaces, so nobody learns what those have.
/// </summary>
/// <param name="Id">Of the repository or the namespace; empty for the server.</param>
/// <param name="Files">Large files; as in <paramref name="Logical"/> each once for each repository that holds it.</param>
/// <param name="Logical">Bytes of the large files.</param>
/// <param name="Stored">
/// Bytes that these files need on disk, each once however many of them need it: blobs, and of files kept as chunks the records of
/// the chunks that their terms name. A blob whose bytes are kept as chunks too does not count.
/// </param>
/// <param name="Shared">
/// Of <paramref name="Stored"/>, what more than one needs: of a repository, bytes that another repository of its namespace needs as
/// well, which deleting it does not free; of a namespace, bytes that several of its repositories need; of the server, bytes that
/// several namespaces need.
/// </param>
/// <param name="Waiting">Of <paramref name="Logical"/>, files that no branch, tag or other reference reached at the last sweep.</param>
/// <param name="Due">Of <paramref name="Waiting"/>, what a sweep would let go of now.</param>
internal sealed record StorageCount(
    Guid Id, StorageScope Scope, long Files, long Logical, long Stored, long Shared, long Waiting, long Due, DateTimeOffset CountedAt);

internal enum StorageScope
{
    Repository,
    Namespace,
    Server,
}

internal static class StorageScopes
{
    /// <summary><c>repository</c>, <c>namespace</c> or <c>server</c>.</summary>
    public static string ToWire(this StorageScope scope) => scope.ToString().ToLowerInvariant();

    public static StorageScope Parse(string scope) => Enum.Parse<StorageScope>(scope, ignoreCase: true);
}
