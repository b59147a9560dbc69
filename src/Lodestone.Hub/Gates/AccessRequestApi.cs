using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Access requests as hub clients know them: three lists and decisions for owners, and taking one's own back.</summary>
internal static class AccessRequestApi
{
    private const int PageSize = 100;
    private const int MostAtOnce = 100;

    public static void MapAccessRequests(this IEndpointRouteBuilder repo)
    {
        var requests = repo.MapGroup("/user-access-request");
        requests.MapGet("/{status}", List);
        requests.MapPost("/handle", Handle);
        requests.MapPost("/batch", HandleSome);
        requests.MapPost("/grant", Grant);
        requests.MapPost("/cancel", Cancel);
    }

    private static async Task<IResult> List(string status, RepoRoute route, RepoAccess access, AccessLists lists, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        repo.RequireGate();
        if (!AccessBoard.Lists.Contains(status, StringComparer.Ordinal))
        {
            throw new Refusal(RefusalCode.NotFound, $"There are the lists {string.Join(", ", AccessBoard.Lists)}, and no list {status}.");
        }

        var query = context.Request.Query;
        var limit = (int)Math.Clamp(query.Whole("limit") ?? PageSize, 1, PageSize);
        var page = await lists.ReadAsync(repo.Id, AccessLists.StatesOf(status), query["cursor"], limit, cancel);
        if (page.Next is not null)
        {
            Cursor.LinkNext(context, page.Next);
        }

        return HubAnswer.Json<IReadOnlyList<AccessRequestView>>([.. page.Entries.Select(e => AccessRequestView.Of(e, status))], HubJson.Default.IReadOnlyListAccessRequestView);
    }

    private static async Task<IResult> Handle(AccessDecision asked, RepoRoute route, RepoAccess access, AccessDeciding deciding, Namespaces namespaces, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var subject = await asked.SubjectAsync(namespaces, cancel);
        return Answer(subject, await deciding.DecideAsync(repo, subject, AccessDecision.StateOf(asked.Status), asked.RejectionReason, cancel));
    }

    /// <summary>Each for itself: one that cannot be decided so does not keep the others from it.</summary>
    private static async Task<IResult> HandleSome(AccessDecisions asked, RepoRoute route, RepoAccess access, AccessDeciding deciding, Namespaces namespaces, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        repo.RequireGate();
        var to = AccessDecision.StateOf(asked.Status);
        if (asked.Requests is not { Count: <= MostAtOnce } requests || requests.Contains(null))
        {
            throw new Refusal(RefusalCode.Invalid, $"\"requests\" must be a list of at most {MostAtOnce} users.") { Param = "requests" };
        }

        var done = new List<DecidedAccess>();
        foreach (var request in requests.OfType<AccessDecision>())
        {
            try
            {
                await deciding.DecideAsync(repo, await request.SubjectAsync(namespaces, cancel), to, asked.RejectionReason, cancel);
                done.Add(new DecidedAccess(request.User ?? request.UserId ?? "", to.ToWire(), null));
            }
            catch (Refusal refusal)
            {
                done.Add(new DecidedAccess(request.User ?? request.UserId ?? "", null, refusal.Message));
            }
        }

        return HubAnswer.Json<IReadOnlyList<DecidedAccess>>(done, HubJson.Default.IReadOnlyListDecidedAccess);
    }

    private static async Task<IResult> Grant(AccessDecision asked, RepoRoute route, RepoAccess access, AccessDeciding deciding, Namespaces namespaces, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var subject = await asked.SubjectAsync(namespaces, cancel);
        return Answer(subject, await deciding.GrantAsync(repo, subject, cancel));
    }

    private static async Task<IResult> Cancel(RepoRoute route, RepoAccess access, AccessAsking asking, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        access.Caller.Authenticated();
        repo.RequireGate();
        await asking.CancelAsync(repo, organizationName: null, cancel);
        return Results.Ok();
    }

    /// <summary>A body even where there is little to say: the Python client reads one.</summary>
    private static IResult Answer(Subject subject, AccessState state) => HubAnswer.Json(new DecidedAccess(subject.Name, state.ToWire(), null), HubJson.Default.DecidedAccess);
}

/// <param name="User">Name of a user or an organization.</param>
/// <param name="UserId">24 hex digits, in place of the name.</param>
/// <param name="Status"><c>accepted</c>, <c>rejected</c> or <c>pending</c>.</param>
internal sealed record AccessDecision(string? User, string? UserId, string? Status, string? RejectionReason)
{
    public static AccessState StateOf(string? status) => status switch
    {
        "accepted" => AccessState.Accepted,
        "rejected" => AccessState.Rejected,
        "pending" => AccessState.Pending,
        _ => throw new Refusal(RefusalCode.Invalid, "\"status\" must be one of [accepted, rejected, pending].") { Param = "status" },
    };

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<Subject> SubjectAsync(Namespaces namespaces, CancellationToken cancel)
    {
        var found = User is { Length: > 0 } name ? await namespaces.FindAsync(name, cancel)
            : PublicId.TryParseHub(UserId, out var id) ? (await namespaces.ByIdAsync([id], cancel)).GetValueOrDefault(id)
            : throw new Refusal(RefusalCode.Invalid, "\"user\" must be a user's name.") { Param = "user" };
        return found is not null ? new Subject(found.Id, found.Name, found.IsOrganization) : throw new Refusal(RefusalCode.NotFound, $"There is no user or organization named {User ?? UserId}.");
    }
}

internal sealed record AccessDecisions(string? Status, string? RejectionReason, IReadOnlyList<AccessDecision?>? Requests);

/// <param name="Status">What it is now; absent where nothing changed.</param>
/// <param name="Error">Why nothing changed.</param>
internal sealed record DecidedAccess(string User, string? Status, string? Error);

/// <param name="Status">The list's name in clients' lists, the state itself in ours.</param>
/// <param name="Fields">Answers; absent where nothing was asked.</param>
/// <param name="GrantedBy">Who decided; absent where the gate's rule did.</param>
internal sealed record AccessRequestView(
    AccessSubjectView User, string Status, string Timestamp, IReadOnlyDictionary<string, string>? Fields, AccessSubjectView? GrantedBy, string? RejectionReason)
{
    /// <summary>SHA-256 of the licence that was accepted.</summary>
    public string? Licence { get; init; }

    /// <summary>For an organization, who acted for it.</summary>
    public string? AskedBy { get; init; }

    public static AccessRequestView Of(AccessEntry entry, string? status = null)
    {
        var request = entry.Request;
        var answers = request.ReadAnswers();
        return new AccessRequestView(
            AccessSubjectView.Of(entry.Subject, entry.Email), status ?? request.State.ToWire(), Instants.ToWire(request.AskedAt), answers.Count > 0 ? answers : null,
            entry.DecidedBy is null ? null : AccessSubjectView.Of(entry.DecidedBy, null), request.Reason)
        {
            Licence = request.LicenceSha256,
            AskedBy = request.IsOrganization ? entry.AskedBy?.Name : null,
        };
    }
}

/// <param name="InternalId">24 hex digits.</param>
/// <param name="Type"><c>user</c> or <c>org</c>.</param>
/// <param name="Email">Absent where the owner let them in unasked.</param>
internal sealed record AccessSubjectView([property: System.Text.Json.Serialization.JsonPropertyName("_id")] string InternalId, string User, string Fullname, string? AvatarUrl, string Type, string? Email)
{
    public static AccessSubjectView Of(Namespace name, string? email) =>
        new(PublicId.ToHub(name.Id), name.Name, name.FullName, name.AvatarUrl, name.IsOrganization ? "org" : "user", email);
}
