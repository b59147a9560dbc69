using System.Net;

namespace Lodestone.Tests.Core;

public sealed class HealthTests
{
    [Fact]
    public async Task A_started_server_says_that_it_is_ready()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Anonymous();

        using var answer = await client.GetAsync("/health/ready");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"ready\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.StartsWith("req_", answer.Headers.GetValues("X-Request-Id").Single(), StringComparison.Ordinal);
    }
}
