namespace Lodestone.Hub;

/// <summary>A notebook as the viewer shows it.</summary>
/// <param name="Cells">In order; none where <see cref="Fault"/> says why.</param>
/// <param name="Language">What its code is written in, as people read it.</param>
/// <param name="Ending">Of files in that language, with its dot; null where the notebook does not say.</param>
/// <param name="IsWhole">Nothing of it is left out.</param>
internal sealed record Notebook(IReadOnlyList<NotebookCell> Cells, string? Language, string? Ending, bool IsWhole)
{
    /// <summary>Bytes of a file that is still shown.</summary>
    public const long MaxSize = 8 * 1024 * 1024;

    /// <summary>Why it cannot be shown, and what to do.</summary>
    public string? Fault { get; private init; }

    public static bool Has(string path) => path.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase);

    public static Notebook Unreadable(string fault) => new([], null, null, IsWhole: false) { Fault = fault };

    public static async Task<Notebook> ReadAsync(RepoContent content, RepoTree tree, RepoEntry file, CancellationToken cancel)
    {
        await using var stream = await content.OpenAsync(tree, file, 0, cancel);
        using var bytes = new MemoryStream((int)Math.Min(file.Size, MaxSize));
        await stream.CopyToAsync(bytes, cancel);
        return NotebookReader.Read(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
    }
}

/// <param name="Mark">How often code had run when this did; null for text, and for code that never ran.</param>
internal sealed record NotebookCell(NotebookCellKind Kind, string Source, string? Mark, IReadOnlyList<NotebookOutput> Outputs);

internal enum NotebookCellKind
{
    Markdown,
    Code,
    Raw,
}

/// <param name="Text">What to show; of an image its <c>data:</c> address.</param>
/// <param name="Plain">The same as plain text, for when the markup has nothing to show.</param>
internal sealed record NotebookOutput(NotebookOutputKind Kind, string Text, string? Plain = null);

internal enum NotebookOutputKind
{
    Text,

    /// <summary>What a program wrote to its second stream.</summary>
    Warning,
    Error,
    Image,
    Html,
    Markdown,
    Json,

    /// <summary>Not shown: the text says why.</summary>
    Omitted,
}
