namespace Lodestone.Gateway;

/// <summary>What one key may call, and how much of it. Keys without a row have no limits of their own.</summary>
internal sealed class KeyLimit
{
    /// <summary>The access token's.</summary>
    public required Guid Id { get; init; }

    /// <summary>What is counted together: a key and those that replaced it.</summary>
    public required Guid WindowId { get; init; }

    /// <summary>Names, and owners as <c>acme/*</c>, with blanks between; absent for all.</summary>
    public string? Models { get; set; }

    public long? RequestsPerMinute { get; set; }

    public long? TokensPerMinute { get; set; }

    /// <summary>No names for all.</summary>
    public IReadOnlyList<string> ModelNames => Models?.Split(' ') ?? [];

    public bool Allows(string model) => Models is null || ModelNames.Any(allowed => allowed.EndsWith("/*", StringComparison.Ordinal)
        ? model.StartsWith(allowed[..^1], StringComparison.OrdinalIgnoreCase)
        : string.Equals(model, allowed, StringComparison.OrdinalIgnoreCase));
}
