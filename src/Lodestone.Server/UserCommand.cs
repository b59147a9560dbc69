using System.CommandLine;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Server;

/// <summary><c>lodestone user add</c> and <c>user verify</c>: create an account, and vouch for its address; also while the server runs.</summary>
internal static class UserCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Name in addresses." };
    private static readonly Option<string> Email = new("--email") { Description = "Mail address.", Required = true };
    private static readonly Option<string?> FullName = new("--full-name") { Description = "Name as people write it." };
    private static readonly Option<bool> Administrator = new("--admin") { Description = "Operates the server: users, prices, top-ups." };

    public static Command Create(Option<string> data, Option<string?> database)
    {
        var add = new Command("add", "Creates a user. The password is read from standard input.") { Name, Email, FullName, Administrator, data, database };
        add.SetAction((parsed, cancel) => OfflineVerb.RunAsync(parsed, data, database, async services =>
        {
            var name = parsed.GetValue(Name)!; // required
            var user = new NewUser
            {
                Name = name,
                FullName = parsed.GetValue(FullName) ?? name,
                Email = parsed.GetValue(Email)!, // required
                EmailVerified = true,
                Password = await OfflineVerb.ReadLineAsync(cancel),
                IsAdministrator = parsed.GetValue(Administrator),
            };
            var id = await services.GetRequiredService<Accounts>().CreateUserAsync(user, cancel);
            return $"Created {name} ({PublicId.ToHub(id)})";
        }));
        var verify = new Command("verify", "Takes a user's e-mail address for theirs, where no mail can show it.") { Name, data, database };
        verify.SetAction((parsed, cancel) => OfflineVerb.RunAsync(parsed, data, database, async services =>
            $"{await services.GetRequiredService<Accounts>().VerifyEmailAsync(parsed.GetValue(Name)!, cancel)} is verified")); // required
        return new Command("user", "People who may sign in.") { add, verify };
    }
}
