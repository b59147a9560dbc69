using System.Text.Json;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>Accounts as an operator writes them down, for demonstrations and acceptance tests. See <c>docs/api/seed.md</c>.</summary>
internal sealed record SeedFile
{
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
    };

    public IReadOnlyList<SeededUser> Users { get; init; } = [];

    public IReadOnlyList<SeededOrganization> Organizations { get; init; } = [];

    public IReadOnlyList<SeededOauthApp> OauthApps { get; init; } = [];

    /// <exception cref="Refusal"><c>invalid_seed</c>; the message says where.</exception>
    public static async Task<SeedFile> ReadAsync(string path, CancellationToken cancel)
    {
        if (!File.Exists(path))
        {
            throw Refused($"there is no file {path}");
        }

        await using var stream = File.OpenRead(path);
        try
        {
            return await JsonSerializer.DeserializeAsync<SeedFile>(stream, Strict, cancel) ?? throw Refused("it holds null instead of an object");
        }
        catch (JsonException wrong)
        {
            throw Refused(Explain(wrong));
        }
    }

    public static Refusal Refused(string reason) => new(new RefusalCode("invalid_seed", 422), $"The seed file was not applied: {reason}.");

    // The serializer names .NET types; the reader of the message has only the file.
    private static string Explain(JsonException wrong)
    {
        var quoted = wrong.Message.Split('\'');
        if (wrong.Message.Contains("could not be mapped", StringComparison.Ordinal) && quoted.Length > 1)
        {
            return $"{wrong.Path} has the member '{quoted[1]}', which does not exist";
        }

        if (wrong.Message.Contains("missing required", StringComparison.Ordinal))
        {
            return $"{wrong.Path} lacks {string.Join(", ", quoted.Where((_, i) => i % 2 == 1).Skip(1).Select(name => $"'{name}'"))}";
        }

        return $"at {wrong.Path}, line {wrong.LineNumber + 1}: the value is not of the right kind or not JSON";
    }
}

internal sealed record SeededUser
{
    /// <summary>24 hex digits.</summary>
    public string? Id { get; init; }

    public required string Name { get; init; }

    public string FullName { get; init; } = "";

    public required string Email { get; init; }

    public bool EmailVerified { get; init; }

    public string? Password { get; init; }

    public bool Admin { get; init; }

    public string? AvatarUrl { get; init; }

    public string? Website { get; init; }

    public IReadOnlyList<SeededToken> Tokens { get; init; } = [];

    public IReadOnlyList<SeededSession> Sessions { get; init; } = [];
}

/// <param name="Role"><c>read</c> or <c>write</c>.</param>
internal sealed record SeededToken(string Name, string Value, string Role);

/// <param name="Value">What the browser's cookie <c>token</c> holds.</param>
internal sealed record SeededSession(string Value);

internal sealed record SeededOrganization
{
    public required string Name { get; init; }

    public string FullName { get; init; } = "";

    /// <summary><c>public</c> or <c>private</c>.</summary>
    public string DefaultVisibility { get; init; } = "public";

    public IReadOnlyList<SeededMember> Members { get; init; } = [];
}

/// <param name="User">Name of a user of the file or of the server.</param>
/// <param name="Role"><c>read</c>, <c>contributor</c>, <c>write</c> or <c>admin</c>.</param>
internal sealed record SeededMember(string User, string Role);

internal sealed record SeededOauthApp
{
    public required string ClientId { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<string> RedirectUris { get; init; }

    public bool Public { get; init; }

    /// <summary>By which the app proves itself; beside <see cref="Public"/> it may, but need not.</summary>
    public string? Secret { get; init; }
}
