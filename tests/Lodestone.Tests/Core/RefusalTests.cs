using System.Net;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Tests.Core;

/// <summary>One refusal, written as each family of clients reads it.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData(ErrorShape.Problem, "application/problem+json", "code", "quota_exceeded")]
    [InlineData(ErrorShape.Hub, "application/json", "error", "Storage is full. Delete files.")]
    [InlineData(ErrorShape.OpenAi, "application/json", "error.code", "quota_exceeded")]
    [InlineData(ErrorShape.OpenAi, "application/json", "error.message", "Storage is full. Delete files.")]
    [InlineData(ErrorShape.OpenAi, "application/json", "error.type", "billing_error")]
    [InlineData(ErrorShape.OpenAi, "application/json", "error.param", "size")]
    [InlineData(ErrorShape.Lfs, "application/vnd.git-lfs+json", "message", "Storage is full. Delete files.")]
    public async Task A_refusal_has_the_shape_of_its_route(ErrorShape shape, string mediaType, string member, string expected)
    {
        await using var server = await StartAsync();
        using var client = server.Anonymous();

        using var answer = await client.GetAsync($"/refuse/{shape}");

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal(mediaType, answer.Content.Headers.ContentType?.MediaType);
        var value = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        foreach (var name in member.Split('.'))
        {
            value = value.GetProperty(name);
        }

        Assert.Equal(expected, value.GetString());
    }

    [Fact]
    public async Task Hub_clients_read_the_code_and_the_message_from_headers()
    {
        await using var server = await StartAsync();
        using var client = server.Anonymous();

        using var answer = await client.GetAsync("/refuse/Hub");

        Assert.Equal("QuotaExceeded", answer.Headers.GetValues("X-Error-Code").Single());
        Assert.Equal("Storage is full. Delete files.", answer.Headers.GetValues("X-Error-Message").Single());
        Assert.Equal("60", answer.Headers.GetValues("Retry-After").Single());
    }

    [Fact]
    public async Task A_person_sees_a_page_with_the_reason_and_the_request_id()
    {
        await using var server = await StartAsync();
        using var client = server.Anonymous();

        using var answer = await client.GetAsync("/refuse/Page");

        var page = await answer.Content.ReadAsStringAsync();
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("Storage is full. Delete files.", page, StringComparison.Ordinal);
        Assert.Contains(answer.Headers.GetValues("X-Request-Id").Single(), page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Our_own_fault_is_a_500_that_tells_nothing_but_the_request_id()
    {
        await using var server = await StartAsync();
        using var client = server.Anonymous();
        client.DefaultRequestHeaders.Add("X-Request-Id", "from-the-client");

        using var answer = await client.GetAsync("/fail");

        var body = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("from-the-client", answer.Headers.GetValues("X-Request-Id").Single());
        Assert.Contains("from-the-client", body, StringComparison.Ordinal);
        Assert.DoesNotContain("a detail", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/no-such-thing", "\"not_found\"")]
    [InlineData("/api/v1/no-such-thing", "\"requestId\"")]
    public async Task A_path_without_a_route_answers_in_the_shape_of_its_neighbours(string path, string fragment)
    {
        await using var server = await StartAsync();
        using var client = server.Anonymous();

        using var answer = await client.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(fragment, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(routes: routes =>
    {
        foreach (var shape in Enum.GetValues<ErrorShape>())
        {
            routes.MapGet($"/refuse/{shape}", string () => throw new Refusal(new RefusalCode("quota_exceeded", 402, "QuotaExceeded"), "Storage is full. Delete files.")
            {
                Param = "size",
                RetryAfter = TimeSpan.FromMinutes(1),
            }).WithErrorShape(shape);
        }

        routes.MapGet("/fail", string () => throw new InvalidOperationException("a detail of ours"));
    });
}
