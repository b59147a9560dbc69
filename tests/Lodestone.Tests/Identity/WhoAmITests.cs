using System.Net;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Tests.Identity;

public sealed class WhoAmITests
{
    private const string BadToken = "Invalid credentials in Authorization header";

    [Fact]
    public async Task A_token_tells_whom_it_belongs_to_in_the_whole_shape_that_clients_compare()
    {
        await using var world = await World.CreateAsync();

        var answer = await world.As(world.Alice).GetStringAsync("/api/whoami-v2");

        var id = PublicId.ToHub(world.Alice.Id);
        var acme = PublicId.ToHub(world.Acme.Id);
        Assert.Equal(
            $$$$"""{"type":"user","id":"{{{{id}}}}","name":"alice","fullname":"Alice","email":"alice@example.org","emailVerified":true,"canPay":false,"isPro":false,"periodEnd":null,"avatarUrl":"/avatars/{{{{id}}}}.svg","billingMode":"prepaid","orgs":[{"type":"org","id":"{{{{acme}}}}","name":"acme","fullname":"Acme Corporation","avatarUrl":"/avatars/{{{{acme}}}}.svg","roleInOrg":"admin","email":null,"canPay":false,"periodEnd":null,"isEnterprise":false}],"auth":{"type":"access_token","accessToken":{"createdAt":"2026-03-02T09:00:00.000Z","displayName":"tests","role":"write"}}}""",
            answer);
    }

    [Theory]
    [InlineData("Authorization", "Bearer hf_0000000000000000000000000000000000")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "hf_0000000000000000000000000000000000")]
    [InlineData("Authorization", "Basic not-base64!")]
    [InlineData("Authorization", "Basic bm9jb2xvbg==")]
    [InlineData("Authorization", "Digest username=alice")]
    [InlineData("x-api-key", "hf_0000000000000000000000000000000000")]
    public async Task A_bad_credential_is_refused_even_where_everybody_may_read(string header, string value)
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

        foreach (var path in new[] { "/api/whoami-v2", "/avatars/000000000000000000000000.svg" })
        {
            using var answer = await client.GetAsync(path);

            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal(BadToken, answer.Headers.GetValues("X-Error-Message").Single());
            Assert.False(answer.Headers.Contains("X-Error-Code"));
            Assert.Equal($$"""{"error":"{{BadToken}}"}""", await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Without_a_token_the_refusal_does_not_speak_of_a_bad_one()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Anonymous();

        using var answer = await client.GetAsync("/api/whoami-v2");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Invalid username or password.", answer.Headers.GetValues("X-Error-Message").Single());
    }

    [Fact]
    public async Task A_token_is_taken_in_every_place_where_clients_put_it()
    {
        await using var world = await World.CreateAsync();
        var token = world.Bob.Token;
        (string Header, string Value)[] places =
        [
            ("Authorization", "bearer " + token),
            ("Authorization", "Basic " + Base64("hf_user:" + token)),
            ("Authorization", "Basic " + Base64(token + ":")),
            ("Authorization", "Basic " + Base64(token + ":x-oauth-basic")),
            ("x-api-key", token),
        ];

        foreach (var (header, value) in places)
        {
            using var client = world.Server.Anonymous();
            client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

            Assert.Contains("\"name\":\"bob\"", await client.GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_last_use_of_a_token_is_written_once_a_minute()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Bob).GetStringAsync("/api/whoami-v2");

        await Eventually.TrueAsync(async () =>
        {
            world.Server.Clock.Advance(TimeSpan.FromMinutes(1)); // more than once, should the loop not have begun yet
            return await world.LastUseAsync(world.Bob) is not null;
        });

        Assert.Equal(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero), await world.LastUseAsync(world.Bob));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
