using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Identity;

/// <summary>What the module's tables say, for things that no answer shows.</summary>
internal static class IdentityRows
{
    public static Task<DateTimeOffset?> LastUseAsync(this World world, Person person) =>
        world.UseAsync<IdentityDb, DateTimeOffset?>(db => db.Tokens.Where(t => t.UserId == person.Id).Select(t => t.LastUsedAt).SingleAsync());
}
