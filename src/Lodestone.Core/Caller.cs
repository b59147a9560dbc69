using System.Collections.Frozen;

namespace Lodestone.Core;

/// <summary>Who makes a request and what they may do: the one argument of every permission check.</summary>
public sealed class Caller
{
    /// <summary>Somebody without credentials: sees what is public, changes nothing.</summary>
    public static Caller Anonymous { get; } = new()
    {
        Id = Guid.Empty,
        Name = "",
        Kind = CallerKind.Anonymous,
        Roles = FrozenDictionary<Guid, NamespaceRole>.Empty,
        Scope = TokenScope.None,
    };

    /// <summary>The server itself, for what it does of its own accord: opening prices, upkeep.</summary>
    public static Caller Server { get; } = new()
    {
        Id = Guid.Empty,
        Name = "server",
        Kind = CallerKind.ServiceAccount,
        Roles = FrozenDictionary<Guid, NamespaceRole>.Empty,
        Scope = TokenScope.All,
        IsAdministrator = true,
    };

    /// <summary>The acting principal; <see cref="Guid.Empty"/> when anonymous.</summary>
    public required Guid Id { get; init; }

    /// <summary>The principal's name as in addresses; empty when anonymous.</summary>
    public required string Name { get; init; }

    public required CallerKind Kind { get; init; }

    /// <summary>The role in every namespace the caller belongs to; the caller's own is among them, as admin.</summary>
    public required IReadOnlyDictionary<Guid, NamespaceRole> Roles { get; init; }

    /// <summary>What the credential allows at most.</summary>
    public required TokenScope Scope { get; init; }

    /// <summary>The access token or session used; <see cref="Guid.Empty"/> when anonymous.</summary>
    public Guid CredentialId { get; init; }

    /// <summary>Operates the instance: prices, top-ups, users.</summary>
    public bool IsAdministrator { get; init; }

    public bool IsAuthenticated => Kind is not CallerKind.Anonymous;

    /// <summary>Namespaces whose private things the caller may see.</summary>
    public IReadOnlyList<Guid> Readable =>
        Scope.HasFlag(TokenScope.Read) ? [.. Roles.Where(r => r.Value >= NamespaceRole.Read).Select(r => r.Key)] : [];

    /// <summary>The caller, when there is one.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>.</exception>
    public Caller Authenticated() =>
        IsAuthenticated ? this : throw new Refusal(RefusalCode.Unauthenticated, "Invalid username or password.");

    public bool CanRead(Guid namespaceId) => Can(namespaceId, NamespaceRole.Read, TokenScope.Read);

    /// <summary>May create things in the namespace.</summary>
    public bool CanContribute(Guid namespaceId) => Can(namespaceId, NamespaceRole.Contributor, TokenScope.Write);

    /// <summary>May change anything in the namespace.</summary>
    public bool CanWrite(Guid namespaceId) => Can(namespaceId, NamespaceRole.Write, TokenScope.Write);

    public bool CanAdminister(Guid namespaceId) => Can(namespaceId, NamespaceRole.Admin, TokenScope.Write);

    private bool Can(Guid namespaceId, NamespaceRole role, TokenScope scope) =>
        Scope.HasFlag(scope) && Roles.TryGetValue(namespaceId, out var held) && held >= role;
}

/// <summary>What sort of principal acts.</summary>
public enum CallerKind
{
    Anonymous,
    User,
    ServiceAccount,
}

/// <summary>Roles in a namespace; each includes those before it.</summary>
public enum NamespaceRole
{
    NoAccess,
    Read,
    Contributor,
    Write,
    Admin,
}

/// <summary>What a credential may be used for.</summary>
[Flags]
public enum TokenScope
{
    None = 0,
    Read = 1,
    Write = 2,
    Inference = 4,
    All = Read | Write | Inference,
}
