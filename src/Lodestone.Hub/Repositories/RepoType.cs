namespace Lodestone.Hub;

/// <summary>What sort of repository. A model and a data set may have the same name.</summary>
public enum RepoType
{
    Model,
    Dataset,
    Space,
}

internal static class RepoTypes
{
    public static readonly RepoType[] All = [RepoType.Model, RepoType.Dataset, RepoType.Space];

    /// <summary>As in bodies: <c>model</c>.</summary>
    public static string Singular(this RepoType type) => type switch
    {
        RepoType.Model => "model",
        RepoType.Dataset => "dataset",
        _ => "space",
    };

    /// <summary>As in addresses under <c>/api</c>: <c>models</c>.</summary>
    public static string Segment(this RepoType type) => type.Singular() + "s";

    /// <summary>What stands before <c>owner/name</c> in addresses of pages, files and git: nothing for models.</summary>
    public static string Prefix(this RepoType type) => type is RepoType.Model ? "" : type.Segment() + "/";

    public static RepoType? FromSingular(string? name) => name switch
    {
        "model" => RepoType.Model,
        "dataset" => RepoType.Dataset,
        "space" => RepoType.Space,
        _ => null,
    };

    public static RepoType? FromSegment(string? segment) => segment switch
    {
        "models" => RepoType.Model,
        "datasets" => RepoType.Dataset,
        "spaces" => RepoType.Space,
        _ => null,
    };
}
