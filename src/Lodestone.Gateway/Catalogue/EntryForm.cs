using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>A catalogue entry as a form has it: everything as typed.</summary>
public sealed record EntryForm
{
    private const string Day = "yyyy-MM-dd";

    public string Description { get; private init; } = "";

    public string DataPolicy { get; private init; } = "";

    public string ContextLength { get; private init; } = "";

    public string MaxOutput { get; private init; } = "";

    public string Features { get; private init; } = "";

    public string RetiresAt { get; private init; } = "";

    public bool IsPublic { get; private init; } = true;

    /// <summary>Those that there are, and an empty one.</summary>
    public IReadOnlyList<BackendForm> Backends { get; private init; } = [BackendForm.Empty];

    /// <param name="shown">What is stored; absent for a new one.</param>
    /// <param name="posted">What was typed and refused, which comes first.</param>
    internal static EntryForm Of(ShownEntry? shown, IFormCollection? posted)
    {
        if (posted is not null)
        {
            return Typed(posted, shown);
        }

        return shown is null ? new EntryForm() : new EntryForm
        {
            Description = shown.Entry.Description,
            DataPolicy = shown.Entry.DataPolicy,
            ContextLength = Number(shown.Entry.ContextLength),
            MaxOutput = Number(shown.Entry.MaxOutput),
            Features = string.Join(", ", shown.Entry.Features.ToWire()),
            RetiresAt = shown.Entry.RetiresAt?.ToString(Day, CultureInfo.InvariantCulture) ?? "",
            IsPublic = shown.Entry.IsPublic,
            Backends = [.. shown.Backends.Select(b => new BackendForm(PublicId.Format("bak", b.Id), b.Url, b.Model, Number(b.Weight), Number(b.Seats ?? 0), b.SealedKey is not null)), BackendForm.Empty],
        };
    }

    /// <exception cref="Refusal"><c>unprocessable</c>: a number or a date is none.</exception>
    internal static WantedEntry Read(IFormCollection form) => new(
        IsPublic: form["isPublic"] == "true",
        Description: form["description"],
        ContextLength: Whole(form["contextLength"], "contextLength"),
        MaxOutput: Whole(form["maxOutput"], "maxOutput"),
        Features: form["features"].ToString() is { Length: > 0 } features ? features.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : null,
        DataPolicy: form["dataPolicy"],
        RetiresAt: Date(form["retiresAt"]),
        Backends: [.. Rows(form).Where(row => row.Url.Length > 0).Select(Wanted)]);

    private static EntryForm Typed(IFormCollection form, ShownEntry? shown) => new()
    {
        Description = form["description"].ToString(),
        DataPolicy = form["dataPolicy"].ToString(),
        ContextLength = form["contextLength"].ToString(),
        MaxOutput = form["maxOutput"].ToString(),
        Features = form["features"].ToString(),
        RetiresAt = form["retiresAt"].ToString(),
        IsPublic = form["isPublic"] == "true",
        Backends = [.. Rows(form).Select((row, i) => new BackendForm(row.Id, row.Url, row.Model, row.Weight, row.Seats, shown?.Backends.ElementAtOrDefault(i)?.SealedKey is not null))],
    };

    private static WantedBackend Wanted(BackendRow row) => new(
        row.Id.Length > 0 ? row.Id : null, row.Url, row.Model, row.Key.Length > 0 ? row.Key : null, Whole(row.Weight, "backends"), IsEnabled: null, Whole(row.Seats, "backends") ?? 0);

    private static IEnumerable<BackendRow> Rows(IFormCollection form)
    {
        for (var i = 0; i < form["backendUrl"].Count; i++)
        {
            yield return new BackendRow(At("backendId", i), At("backendUrl", i), At("backendModel", i), At("backendKey", i), At("backendWeight", i), At("backendSeats", i));
        }

        string At(string name, int index) => form[name].ElementAtOrDefault(index)?.Trim() ?? "";
    }

    private sealed record BackendRow(string Id, string Url, string Model, string Key, string Weight, string Seats);

    private static string Number(long value) => value > 0 ? value.ToString(CultureInfo.InvariantCulture) : "";

    private static long? Whole(string? text, string param) => string.IsNullOrWhiteSpace(text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new Refusal(RefusalCode.Unprocessable, $"'{text}' is not a whole number.") { Param = param };

    private static DateTimeOffset? Date(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : DateTimeOffset.TryParseExact(text, Day, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date
        : throw new Refusal(RefusalCode.Unprocessable, "Give a date.") { Param = "retiresAt" };
}

/// <param name="Id">Empty for a new one.</param>
/// <param name="HasKey">One is stored.</param>
public sealed record BackendForm(string Id, string Url, string Model, string Weight, string Seats, bool HasKey)
{
    public static BackendForm Empty { get; } = new("", "", "", "1", "", HasKey: false);
}
