using System.Text;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A repository that somebody asks for. Members that only matter for things we do not have are passed over.</summary>
internal sealed record NewRepo
{
    private static readonly string[] Sdks = ["gradio", "docker", "static", "streamlit"];

    /// <summary>May bring its namespace: <c>owner/name</c>.</summary>
    public string? Name { get; init; }

    /// <summary>Namespace; absent: the caller's own.</summary>
    public string? Organization { get; init; }

    /// <summary><c>model</c> (default), <c>dataset</c> or <c>space</c>.</summary>
    public string? Type { get; init; }

    /// <summary><c>public</c> or <c>private</c>; older clients send <see cref="Private"/>.</summary>
    public string? Visibility { get; init; }

    public bool? Private { get; init; }

    public string? License { get; init; }

    [JsonPropertyName("license_name")]
    public string? LicenseName { get; init; }

    [JsonPropertyName("license_link")]
    public string? LicenseLink { get; init; }

    public string? Sdk { get; init; }

    /// <summary>Go into the first commit.</summary>
    public IReadOnlyList<NewRepoFile>? Files { get; init; }

    public RepoType RepoType() => RepoTypes.FromSingular(Type ?? "model")
        ?? throw new Refusal(RefusalCode.Invalid, "\"type\" must be one of [model, dataset, space]") { Param = "type" };

    /// <exception cref="Refusal"><c>invalid_request</c>: a space must say what it is built with.</exception>
    public void RequireSdk()
    {
        if (RepoType() is Hub.RepoType.Space && !Sdks.Contains(Sdk, StringComparer.Ordinal))
        {
            throw new Refusal(RefusalCode.Invalid, $"\"sdk\" must be one of [{string.Join(", ", Sdks)}]") { Param = "sdk" };
        }
    }

    public (string Owner, string Name) Place(string callerName)
    {
        var parts = (Name ?? "").Split('/');
        return parts is [var owner, var name] ? (owner, name) : (Organization is { Length: > 0 } given ? given : callerName, Name ?? "");
    }

    /// <returns>Null: as the namespace likes it.</returns>
    public bool? IsPrivate() => Visibility switch
    {
        null => Private,
        "private" => true,
        "public" => false,
        "protected" => true, // spaces whose code is hidden; nothing of ours can run it, so it stays hidden whole
        _ => throw new Refusal(RefusalCode.Invalid, "\"visibility\" must be one of [public, private]") { Param = "visibility" },
    };
}

/// <param name="Encoding"><c>utf-8</c> (default) or <c>base64</c>.</param>
internal sealed record NewRepoFile(string? Path, string? Content, string? Encoding)
{
    public byte[] Bytes()
    {
        try
        {
            return Encoding is "base64" ? Convert.FromBase64String(Content ?? "") : System.Text.Encoding.UTF8.GetBytes(Content ?? "");
        }
        catch (FormatException)
        {
            throw new Refusal(RefusalCode.Invalid, $"The content of '{Path}' is not valid base64.");
        }
    }
}

/// <param name="Url">Of the page, without a trailing slash.</param>
/// <param name="Name"><c>owner/name</c>.</param>
/// <param name="Id">24 hex digits.</param>
internal sealed record CreatedRepo(string Url, string Name, string Id);

/// <summary>The <c>.gitattributes</c> that a repository begins with: what is kept as large files whatever its size.</summary>
internal static class DefaultAttributes
{
    private const string Common =
        "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth "
        + "*.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz *.wasm *.xz *.zip *.zst *tfevents*";

    private const string OfDatasets =
        " *.lz4 *.mds *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg *.webp *.mp4 *.webm";

    public static byte[] Of(RepoType type)
    {
        var patterns = type is RepoType.Dataset ? Common + OfDatasets : Common;
        return Encoding.ASCII.GetBytes(string.Concat(patterns.Split(' ').Select(p => $"{p} filter=lfs diff=lfs merge=lfs -text\n")));
    }
}
