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

    /// <summary>The app that acts for the person with their consent; <see langword="null"/> where they act themselves or by a token of their own.</summary>
    public Guid? AppId { get; init; }

    /// <summary>Operates the instance: prices, top-ups, users.</summary>
    public bool IsAdministrator { get; init; }

    public bool IsAuthenticated => Kind is not CallerKind.Anonymous;

    /// <summary>Namespaces whose private things the caller may see, of every kind: none for an app, see <see cref="ReadableFor"/>.</summary>
    public IReadOnlyList<Guid> Readable => ReadableFor(TokenScope.Read);

    /// <summary>Namespaces of which the caller may see the private things that the scope is about.</summary>
    public IReadOnlyList<Guid> ReadableFor(TokenScope scope) =>
        May(scope) ? [.. Roles.Where(r => r.Value >= NamespaceRole.Read).Select(r => r.Key)] : [];

    /// <summary>
    /// Whether the credential allows this, in the caller's own name and wherever a role says so too. <see cref="TokenScope.Read"/> and
    /// <see cref="TokenScope.Write"/> include the scopes of apps; no scope of an app includes them. So what asks for one of these two is closed to apps.
    /// </summary>
    public bool May(TokenScope scope) => Scope.Whole().HasFlag(scope);

    /// <summary>The caller, when the credential allows this.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, or <c>insufficient_scope</c>, which names the scope.</exception>
    public Caller Allowing(TokenScope scope) => Authenticated().May(scope) ? this : throw TokenScopes.Lacking(scope);

    /// <summary>The caller, when there is one.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>.</exception>
    public Caller Authenticated() =>
        IsAuthenticated ? this : throw new Refusal(RefusalCode.Unauthenticated, "Invalid username or password.");

    public bool CanRead(Guid namespaceId) => CanRead(namespaceId, TokenScope.Read);

    /// <param name="namespaceId">Whose things.</param>
    /// <param name="scope">What kind of things: what an app needs for it.</param>
    public bool CanRead(Guid namespaceId, TokenScope scope) => Can(namespaceId, NamespaceRole.Read, scope);

    /// <summary>May create things in the namespace.</summary>
    public bool CanContribute(Guid namespaceId) => CanContribute(namespaceId, TokenScope.Write);

    /// <inheritdoc cref="CanRead(Guid, TokenScope)"/>
    public bool CanContribute(Guid namespaceId, TokenScope scope) => Can(namespaceId, NamespaceRole.Contributor, scope);

    /// <summary>May change anything in the namespace.</summary>
    public bool CanWrite(Guid namespaceId) => CanWrite(namespaceId, TokenScope.Write);

    /// <inheritdoc cref="CanRead(Guid, TokenScope)"/>
    public bool CanWrite(Guid namespaceId, TokenScope scope) => Can(namespaceId, NamespaceRole.Write, scope);

    public bool CanAdminister(Guid namespaceId) => CanAdminister(namespaceId, TokenScope.Write);

    /// <inheritdoc cref="CanRead(Guid, TokenScope)"/>
    public bool CanAdminister(Guid namespaceId, TokenScope scope) => Can(namespaceId, NamespaceRole.Admin, scope);

    private bool Can(Guid namespaceId, NamespaceRole role, TokenScope scope) =>
        May(scope) && Roles.TryGetValue(namespaceId, out var held) && held >= role;
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

/// <summary>What a credential may be used for. A person's own has some of the first three; an app has some of the others, as the person allowed.</summary>
[Flags]
public enum TokenScope
{
    None = 0,
    Read = 1,
    Write = 2,
    Inference = 4,
    All = Read | Write | Inference,

    OpenId = 1 << 3,
    Profile = 1 << 4,
    Email = 1 << 5,
    ReadMemberships = 1 << 6,
    ReadBilling = 1 << 7,
    ReadRepos = 1 << 8,
    GatedRepos = 1 << 9,

    /// <summary>To make repositories, and to do anything with those that the same app made.</summary>
    ContributeRepos = 1 << 10,

    WriteRepos = 1 << 11,
    ManageRepos = 1 << 12,
    WriteDiscussions = 1 << 13,
    ReadCollections = 1 << 14,
    WriteCollections = 1 << 15,
    Webhooks = 1 << 16,
}
