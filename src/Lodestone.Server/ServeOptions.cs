namespace Lodestone.Server;

/// <summary>What the person who starts the server chooses.</summary>
internal sealed record ServeOptions
{
    /// <summary>Folder for everything the server keeps; made when absent.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>Where the server listens.</summary>
    public Uri Url { get; init; } = new("http://localhost:8080");

    /// <summary>PostgreSQL connection string; absent means SQLite in <see cref="DataDirectory"/>.</summary>
    public string? Database { get; init; }

    /// <summary>Accounts to create at start; see <c>docs/api/seed.md</c>.</summary>
    public string? SeedFile { get; init; }

    /// <summary>Seeds even when <see cref="Url"/> is not a loopback address.</summary>
    public bool ForceSeed { get; init; }

    /// <summary>Publishes the demo organisation and model at first start.</summary>
    public bool Demo { get; init; } = true;
}
