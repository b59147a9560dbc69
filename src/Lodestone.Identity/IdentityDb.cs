using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Lodestone.Identity;

/// <summary>Who there is and how they prove it.</summary>
internal sealed class IdentityDb(DbContextOptions<IdentityDb> options, ModuleData data) : ModuleDb(options, data)
{
    public DbSet<Namespace> Namespaces => Set<Namespace>();

    public DbSet<User> Users => Set<User>();

    public DbSet<Member> Members => Set<Member>();

    public DbSet<AccessToken> Tokens => Set<AccessToken>();

    public DbSet<ServiceAccount> ServiceAccounts => Set<ServiceAccount>();

    public DbSet<ServiceToken> ServiceTokens => Set<ServiceToken>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<OauthApp> OauthApps => Set<OauthApp>();

    public DbSet<OauthConsent> OauthConsents => Set<OauthConsent>();

    public DbSet<OauthCode> OauthCodes => Set<OauthCode>();

    public DbSet<OauthToken> OauthTokens => Set<OauthToken>();

    public DbSet<OauthDevice> OauthDevices => Set<OauthDevice>();

    public DbSet<OauthKey> OauthKeys => Set<OauthKey>();

    public DbSet<EmailLink> EmailLinks => Set<EmailLink>();

    public DbSet<SetupLink> SetupLinks => Set<SetupLink>();

    public DbSet<Follow> Follows => Set<Follow>();

    protected override string Module => "identity";

    // Relations are named so that one save inserts parents before children.
    protected override void Map(ModelBuilder model)
    {
        model.Entity<User>().HasOne<Namespace>().WithOne().HasForeignKey<User>(u => u.Id);
        model.Entity<Member>(member =>
        {
            member.HasKey(m => new { m.OrganizationId, m.UserId });
            member.HasOne<Namespace>().WithMany().HasForeignKey(m => m.OrganizationId);
            member.HasOne<User>().WithMany().HasForeignKey(m => m.UserId);
            member.Property(m => m.Role).HasConversion(new RoleConverter());
        });
        model.Entity<AccessToken>(token =>
        {
            token.HasOne<User>().WithMany().HasForeignKey(t => t.UserId);
            token.Property(t => t.Scope).HasConversion<long>();
        });
        model.Entity<Follow>().HasKey(f => new { f.FollowerId, f.FollowedId });
        model.Entity<ServiceAccount>().HasOne<Namespace>().WithMany().HasForeignKey(a => a.OrganizationId);
        model.Entity<ServiceAccount>().Property(a => a.Role).HasConversion(new RoleConverter());
        model.Entity<ServiceToken>(token =>
        {
            token.HasOne<ServiceAccount>().WithMany().HasForeignKey(t => t.AccountId);
            token.Property(t => t.Scope).HasConversion<long>();
        });
        model.Entity<EmailLink>().HasOne<User>().WithMany().HasForeignKey(l => l.UserId);
        model.Entity<Session>().HasOne<User>().WithMany().HasForeignKey(s => s.UserId);
        MapOauth(model);
    }

    private void MapOauth(ModelBuilder model)
    {
        var (app, consent, device) = (model.Entity<OauthApp>(), model.Entity<OauthConsent>(), model.Entity<OauthDevice>());
        app.Ignore(a => a.Redirects);
        app.Property(a => a.Scope).HasConversion<long>();
        app.HasOne<Namespace>().WithMany().HasForeignKey(a => a.OwnerId);
        consent.Ignore(c => c.OrganizationIds);
        consent.Property(c => c.Scope).HasConversion<long>();
        consent.HasOne<OauthApp>().WithMany().HasForeignKey(c => c.AppId);
        consent.HasOne<User>().WithMany().HasForeignKey(c => c.UserId);
        model.Entity<OauthCode>().Property(c => c.Scope).HasConversion<long>();
        model.Entity<OauthCode>().HasOne<OauthConsent>().WithMany().HasForeignKey(c => c.ConsentId);
        model.Entity<OauthToken>().Property(t => t.Scope).HasConversion<long>();
        model.Entity<OauthToken>().HasOne<OauthConsent>().WithMany().HasForeignKey(t => t.ConsentId);
        device.Property(d => d.Scope).HasConversion<long>();
        device.HasOne<OauthApp>().WithMany().HasForeignKey(d => d.AppId);
        device.HasOne<OauthConsent>().WithMany().HasForeignKey(d => d.ConsentId);
        if (Database.IsNpgsql())
        {
            app.Property(a => a.RedirectUris).HasColumnType("jsonb");
            consent.Property(c => c.Organizations).HasColumnType("jsonb");
        }
    }

    private sealed class RoleConverter() : ValueConverter<NamespaceRole, string>(
        role => role.ToWire(),
        text => RoleNames.Parse(text));
}
