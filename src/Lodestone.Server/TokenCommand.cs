using System.CommandLine;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Server;

/// <summary><c>lodestone token add</c>: makes an access token and prints it once.</summary>
internal static class TokenCommand
{
    private static readonly Argument<string> User = new("user") { Description = "Whose token." };
    private static readonly Option<string> Name = new("--name") { Description = "What it is for.", DefaultValueFactory = _ => "command line" };
    private static readonly Option<string> Role = new("--role") { Description = "read or write.", DefaultValueFactory = _ => "read" };

    public static Command Create(Option<string> data, Option<string?> database)
    {
        Role.AcceptOnlyFromAmong("read", "write");
        var add = new Command("add", "Makes an access token and prints it: it is shown only now.") { User, Name, Role, data, database };
        add.SetAction((parsed, cancel) => OfflineVerb.RunAsync(parsed, data, database, async services =>
        {
            var owner = await services.GetRequiredService<Namespaces>().FindAsync(parsed.GetValue(User)!, cancel) // required
                ?? throw new Refusal(RefusalCode.NotFound, $"There is no user {parsed.GetValue(User)}.");
            var scope = parsed.GetValue(Role) == "write" ? TokenScope.All : TokenScope.Read | TokenScope.Inference;
            return await services.GetRequiredService<Accounts>().IssueTokenAsync(owner.Id, new NewToken(parsed.GetValue(Name)!, scope), cancel); // has a default
        }));
        return new Command("token", "Keys for clients.") { add };
    }
}
