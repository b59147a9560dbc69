using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

[NoDatabase]
public sealed class GateRuleTests
{
    private static readonly Guid Owner = Guid.Parse("00000000-0000-0000-0000-000000000001");
    private static readonly Guid Person = Guid.Parse("00000000-0000-0000-0000-000000000002");
    private static readonly Guid Employer = Guid.Parse("00000000-0000-0000-0000-000000000003");

    [Theory]
    [InlineData(NamespaceRole.NoAccess, false, false, false)]
    [InlineData(NamespaceRole.Read, false, false, true)]
    [InlineData(NamespaceRole.Read, true, false, false)]
    [InlineData(NamespaceRole.Contributor, true, false, false)]
    [InlineData(NamespaceRole.Contributor, true, true, true)]
    [InlineData(NamespaceRole.Write, true, false, true)]
    [InlineData(NamespaceRole.Admin, true, false, true)]
    public void Members_pass_by_their_role(NamespaceRole role, bool gatesMembers, bool isMaker, bool passes)
    {
        var repo = Repo(gatesMembers, isMaker ? Person : Owner);

        Assert.Equal(passes, GateRule.Of(repo, Caller((Owner, role)), [], OriginVerdict.Allowed).IsAdmitted);
    }

    [Fact]
    public void Others_pass_through_their_own_acceptance_or_one_of_an_organization_that_they_belong_to()
    {
        var (own, employers, strangers) = (new Acceptance(Guid.Empty, Person), new Acceptance(Guid.Empty, Employer), new Acceptance(Guid.Empty, Owner));
        var repo = Repo(gatesMembers: false, Owner);

        Assert.Equal(own, GateRule.Of(repo, Caller((Employer, NamespaceRole.Read)), [employers, own], OriginVerdict.Allowed).Through);
        Assert.Equal(employers, GateRule.Of(repo, Caller((Employer, NamespaceRole.Read)), [employers], OriginVerdict.Allowed).Through);
        Assert.Equal(Admission.Refused, GateRule.Of(repo, Caller((Employer, NamespaceRole.NoAccess)), [employers], OriginVerdict.Allowed));
        Assert.Equal(Admission.Refused, GateRule.Of(repo, Caller(), [employers, strangers], OriginVerdict.Allowed));
        Assert.Equal(Admission.Refused, GateRule.Of(repo, Lodestone.Core.Caller.Anonymous, [new Acceptance(Guid.Empty, Guid.Empty)], OriginVerdict.Allowed));
        Assert.Equal(Admission.Free, GateRule.Of(Repo(gatesMembers: false, Owner, gate: null), Lodestone.Core.Caller.Anonymous, [], OriginVerdict.Unknown));
    }

    [Theory]
    [InlineData(null, "pending")]
    [InlineData("cancelled", "pending")]
    [InlineData("expired", "pending")]
    [InlineData("suspended", "accepted")]
    [InlineData("pending", null)]
    [InlineData("accepted", null)]
    [InlineData("rejected", null)]
    [InlineData("revoked", null)]
    public void Asking_leads_from_each_state_to(string? now, string? then) =>
        Assert.Equal(AccessStates.Parse(then), AccessStates.AfterAsking(AccessStates.Parse(now), AccessState.Pending));

    [Theory]
    [InlineData("pending", "accepted rejected")]
    [InlineData("accepted", "pending rejected revoked")]
    [InlineData("rejected", "pending accepted")]
    [InlineData("revoked", "pending accepted")]
    [InlineData("suspended", "pending accepted rejected revoked")]
    [InlineData("cancelled", "")]
    [InlineData("expired", "")]
    public void The_owner_decides_from_each_state_to(string now, string then) => Assert.Equal(
        then, string.Join(' ', Enum.GetValues<AccessState>().Where(to => AccessStates.MayDecide(AccessStates.Parse(now)!.Value, to)).Select(s => s.ToWire())));

    private static Repo Repo(bool gatesMembers, Guid madeBy, GateMode? gate = GateMode.Manual) => new()
    {
        Id = Guid.Empty,
        Type = RepoType.Model,
        OwnerId = Owner,
        OwnerName = "acme",
        Name = "x",
        PathLower = "acme/x",
        IsPrivate = false,
        CreatedBy = madeBy,
        CreatedAt = default,
        UpdatedAt = default,
        Gate = gate,
        GatesMembers = gatesMembers,
    };

    private static Caller Caller(params (Guid Namespace, NamespaceRole Role)[] roles) => new()
    {
        Id = Person,
        Name = "p",
        Kind = CallerKind.User,
        Roles = roles.Append((Person, NamespaceRole.Admin)).ToDictionary(r => r.Item1, r => r.Item2),
        Scope = TokenScope.Read,
    };
}
