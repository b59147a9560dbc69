using System.Net;
using Lodestone.Core;
using Lodestone.Tests.Hub.Webhooks;

namespace Lodestone.Tests.Core;

public sealed class OutgoingCallsTests
{
    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("192.0.0.192", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b:1::808:808", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    public void Only_public_addresses_are_called(string address, bool isAllowed)
    {
        Assert.Equal(isAllowed, new AddressRules(new OutgoingOptions()).Allow(IPAddress.Parse(address)));
    }

    [Fact]
    public void An_operator_names_private_ranges_that_may_be_called()
    {
        var rules = new AddressRules(new OutgoingOptions { AllowedRanges = ["10.20.0.0/16", "fd12::/32"] });

        Assert.Equal(
            [true, false, true, true, false],
            new[] { "10.20.3.4", "10.21.3.4", "::ffff:10.20.3.4", "fd12::9", "127.0.0.1" }.Select(a => rules.Allow(IPAddress.Parse(a))));
    }

    [Fact]
    public async Task A_name_that_changes_its_mind_leads_only_to_addresses_that_were_checked()
    {
        using var open = Receiver.Start("127.0.0.2");
        var port = new Uri(open.Url).Port;
        var answers = new Queue<IPAddress[]>([[IPAddress.Parse("127.0.0.2")], [IPAddress.Loopback], [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("10.0.0.1")]]);
        using var calls = new OutgoingCalls(new OutgoingOptions { AllowedRanges = ["127.0.0.2/32"] }, (_, _) => Task.FromResult(answers.Dequeue()));

        using var first = new HttpRequestMessage(HttpMethod.Post, $"http://rebound.example:{port}/");
        first.Content = new StringContent("{}");
        var taken = await calls.SendAsync(first, CancellationToken.None);
        var rebound = await RefusalAsync(calls, $"http://rebound.example:{port}/");
        var mixed = await RefusalAsync(calls, $"http://rebound.example:{port}/");

        Assert.Equal((HttpStatusCode.OK, 1, 0), (taken.Status, open.All.Count, answers.Count));
        Assert.Equal("address_not_public", rebound);
        Assert.Equal("address_not_public", mixed);
    }

    [Theory]
    [InlineData("http://localhost:1/")]
    [InlineData("http://127.0.0.1:1/")]
    [InlineData("http://2130706433:1/")]
    [InlineData("http://0177.0.0.1:1/")]
    [InlineData("http://[::1]:1/")]
    [InlineData("http://[::ffff:127.0.0.1]:1/")]
    public async Task Whatever_an_address_is_written_as_it_is_checked_where_it_leads(string url)
    {
        using var calls = new OutgoingCalls(new OutgoingOptions(), Dns.GetHostAddressesAsync);

        Assert.Equal("address_not_public", await RefusalAsync(calls, url));
    }

    [Fact]
    public async Task A_redirect_is_an_answer_and_is_not_followed()
    {
        using var inside = Receiver.Start();
        using var outside = Receiver.Start("127.0.0.2");
        (outside.Status, outside.Location) = (302, inside.Url);
        using var calls = new OutgoingCalls(new OutgoingOptions { AllowedRanges = ["127.0.0.2/32"] }, Dns.GetHostAddressesAsync);

        using var request = new HttpRequestMessage(HttpMethod.Post, outside.Url) { Content = new StringContent("{}") };
        var answer = await calls.SendAsync(request, CancellationToken.None);

        Assert.Equal((HttpStatusCode.Found, false, 0), (answer.Status, answer.IsGood, inside.All.Count));
    }

    private static async Task<string?> RefusalAsync(OutgoingCalls calls, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent("{}") };
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => calls.SendAsync(request, CancellationToken.None));
        return (failure.InnerException as Refusal)?.Code.Code;
    }
}
