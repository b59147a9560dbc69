namespace Lodestone.Tests.Server;

/// <summary>The verbs of the executable, run as a person runs them.</summary>
[NoDatabase]
public sealed class CommandLineTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("lodestone-cli-").FullName;

    [Fact]
    public async Task Version_prints_the_version()
    {
        var outcome = await RunAsync("version");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+$", outcome.Output.Trim());
    }

    [Fact]
    public async Task A_user_and_a_token_are_made_without_a_running_server()
    {
        var user = await RunAsync("user", "add", "nora", "--email", "nora@example.org", "--admin", "--data", _data);
        var token = await RunAsync("token", "add", "nora", "--role", "write", "--data", _data);
        var verified = await RunAsync("user", "verify", "nora", "--data", _data);

        Assert.Equal((0, "nora@example.org is verified"), (verified.ExitCode, verified.Output.Trim()));
        Assert.Equal(0, user.ExitCode);
        Assert.StartsWith("Created nora", user.Output, StringComparison.Ordinal);
        Assert.Equal(0, token.ExitCode);
        Assert.Matches("^hf_[A-Za-z0-9]{34}$", token.Output.Trim());
    }

    [Theory]
    [InlineData("no user", "token", "add", "nobody")]
    [InlineData("no user", "user", "verify", "nobody")]
    [InlineData("not a loopback address", "serve", "--url", "http://192.0.2.1:8080", "--seed", "seed.json")]
    [InlineData("--url takes an address", "serve", "--url", "8080")]
    public async Task A_wrong_command_says_what_is_wrong_and_fails(string reason, params string[] arguments)
    {
        var outcome = await RunAsync([.. arguments, "--data", _data]);

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_with_an_unknown_member_stops_the_start_and_names_it()
    {
        var seed = Path.Combine(_data, "seed.json");
        await File.WriteAllTextAsync(seed, """{ "users": [ { "name": "a-user", "fullName": "A", "email": "a@example.org", "emailVerified": true, "tokens": [], "shoeSize": 44 } ] }""");

        var outcome = await RunAsync("serve", "--url", "http://127.0.0.1:0", "--no-demo", "--seed", seed, "--data", _data);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("shoeSize", outcome.Error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static Task<Outcome> RunAsync(params string[] arguments) => Executable.RunAsync(Executable.Lodestone, arguments, input: "a long enough password");
}
