using System.Globalization;
using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Everybody who ever stood at a gate, as CSV: who, when, what they answered and accepted, who decided.</summary>
internal static class AccessReport
{
    private const int AtOnce = 500;

    private static readonly string[] Columns =
        ["user", "fullname", "type", "email", "status", "asked_at", "asked_by", "decided_at", "decided_by", "reason", "licence_sha256", "granted_unasked", "address", "place"];

    public static async Task<IResult> Download(RepoRoute route, RepoAccess access, HubDb db, AccessLists lists, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var fields = await FieldsAsync(db, repo.Id, cancel);
        await using var csv = Csv.Begin(context.Response, $"{repo.Name}-access.csv");
        await csv.WriteAsync([.. Columns, .. fields], cancel);
        for (var after = (string?)null; ;)
        {
            var page = await lists.ReadAsync(repo.Id, Enum.GetValues<AccessState>(), after, AtOnce, cancel);
            foreach (var entry in page.Entries)
            {
                await csv.WriteAsync([.. Cells(entry), .. fields.Select(f => entry.Request.ReadAnswers().GetValueOrDefault(f) ?? "")], cancel);
            }

            if (page.Next is null)
            {
                return Results.Empty;
            }

            after = Cursor.Encode(page.Next);
        }
    }

    /// <summary>Names of all fields that anybody answered, those of earlier gates too.</summary>
    private static async Task<IReadOnlyList<string>> FieldsAsync(HubDb db, Guid repoId, CancellationToken cancel)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var request in db.AccessRequests.AsNoTracking().Where(a => a.RepoId == repoId).AsAsyncEnumerable().WithCancellation(cancel))
        {
            names.UnionWith(request.ReadAnswers().Keys);
        }

        return [.. names];
    }

    private static string[] Cells(AccessEntry entry)
    {
        var request = entry.Request;
        return
        [
            entry.Subject.Name, entry.Subject.FullName, request.IsOrganization ? "org" : "user", entry.Email ?? "", request.State.ToWire(), Instants.ToWire(request.AskedAt), entry.AskedBy?.Name ?? "",
            request.DecidedAt is { } at ? Instants.ToWire(at) : "", entry.DecidedBy?.Name ?? "", request.Reason ?? "", request.LicenceSha256 ?? "", request.IsGranted ? "true" : "false", request.Address ?? "", request.Origin ?? "",
        ];
    }
}

/// <summary>Rows of comma-separated values on their way out (RFC 4180).</summary>
internal sealed class Csv(StreamWriter writer) : IAsyncDisposable
{
    public static Csv Begin(HttpResponse response, string fileName)
    {
        response.ContentType = "text/csv; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"{fileName}\"";
        response.Headers.CacheControl = "no-store";
        return new Csv(new StreamWriter(response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true));
    }

    public Task WriteAsync(IEnumerable<string> cells, CancellationToken cancel) => writer.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', cells.Select(Cell))}\r\n").AsMemory(), cancel);

    public async ValueTask DisposeAsync() => await writer.DisposeAsync();

    /// <summary>People open these with spreadsheets, which run what begins like a formula.</summary>
    private static string Cell(string value)
    {
        var safe = value is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? $"'{value}" : value;
        return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}
