namespace Lodestone.Hub;

/// <summary>How the viewer shows a file.</summary>
internal enum FileView
{
    Text,
    Markdown,
    Image,
    Notebook,
    Tensors,

    /// <summary>Rows of a table.</summary>
    Rows,

    /// <summary>Not shown: the reader may download it.</summary>
    Opaque,
    TooLarge,
}

internal static class FileViews
{
    /// <summary>Bytes of text that a page can show and still be a page.</summary>
    public const long MaxText = 1024 * 1024;

    /// <summary>Bytes of text that a form can hold.</summary>
    public const long MaxEdit = 512 * 1024;

    private const long MaxImage = 20 * 1024 * 1024;

    private static readonly string[] Images = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"];
    private static readonly string[] Tensors = [".safetensors", ".gguf"];
    private static readonly string[] Binaries = [".bin", ".pt", ".pth", ".ckpt", ".onnx", ".h5", ".msgpack", ".npy", ".npz", ".pkl", ".zip", ".gz", ".tar", ".parquet", ".arrow"];

    /// <summary>An image that is a text too.</summary>
    public static bool IsDrawing(string path) => path.EndsWith(".svg", StringComparison.OrdinalIgnoreCase);

    /// <summary>By name and size; a text still has to turn out to be one.</summary>
    public static FileView Of(RepoEntry file)
    {
        if (Has(Tensors))
        {
            return FileView.Tensors;
        }

        if (Has(Images))
        {
            return file.Size <= MaxImage ? FileView.Image : FileView.TooLarge;
        }

        if (Notebook.Has(file.Path))
        {
            return file.Size <= Notebook.MaxSize ? FileView.Notebook : FileView.TooLarge;
        }

        if (RowsOfFile.Has(file.Path))
        {
            return FileView.Rows;
        }

        if (Has(Binaries))
        {
            return FileView.Opaque;
        }

        if (file.Size > MaxText)
        {
            return FileView.TooLarge;
        }

        return Has([".md"]) ? FileView.Markdown : FileView.Text;

        bool Has(string[] endings) => Array.Exists(endings, e => file.Path.EndsWith(e, StringComparison.OrdinalIgnoreCase));
    }
}
