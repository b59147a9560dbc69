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

    public DbSet<SetupLink> SetupLinks => Set<SetupLink>();

    public DbSet<DataKey> DataKeys => Set<DataKey>();

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
        model.Entity<Session>().HasOne<User>().WithMany().HasForeignKey(s => s.UserId);
        if (Database.IsNpgsql())
        {
            model.Entity<OauthApp>().Property(a => a.RedirectUris).HasColumnType("jsonb");
        }
    }

    private sealed class RoleConverter() : ValueConverter<NamespaceRole, string>(
        role => role.ToWire(),
        text => RoleNames.Parse(text));
}
