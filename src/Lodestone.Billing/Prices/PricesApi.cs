using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>The price book, for administrators' programs: <c>/api/v1/prices</c>.</summary>
internal static class PricesApi
{
    public static void MapPrices(this IEndpointRouteBuilder routes)
    {
        var prices = routes.MapGroup("/api/v1/prices").WithErrorShape(ErrorShape.Problem).WithTags("Prices");
        prices.MapGet("", List);
        prices.MapPost("", Publish);
    }

    private static async Task<Ok<PriceList>> List(DateTimeOffset? at, PriceBook book, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new PriceList([.. (await book.AllAsync(caller, cancel, at)).Select(PricedModelView.Of)]));

    private static async Task<Results<Created<PriceView>, Accepted<ProposalView>>> Publish(PriceRequest wanted, Publications publications, PriceBook book, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        Amounts.Check(wanted.Currency);
        var model = await book.FindAsync(wanted.Model ?? "", caller, cancel);
        var price = new NewModelPrice
        {
            ProductId = model.Product.Id,
            InputPerMillion = Amounts.Read(wanted.InputPerMillion?.Text, "inputPerMillion"),
            OutputPerMillion = Amounts.Read(wanted.OutputPerMillion?.Text, "outputPerMillion"),
            EffectiveFrom = wanted.EffectiveFrom,
            Reason = wanted.Reason ?? "",
            IsConfirmed = wanted.Confirm,
        };
        if ((await publications.PublishModelAsync(model, price, caller, cancel)).Proposal is { } proposal)
        {
            return TypedResults.Accepted((string?)null, ProposalView.Of(proposal));
        }

        var published = (await book.FindAsync(wanted.Model ?? "", caller, cancel)).Versions.MaxBy(v => v.Version)!; // just published
        return TypedResults.Created((string?)null, PriceView.Of(published));
    }
}

/// <param name="Model"><c>owner/name</c>.</param>
/// <param name="InputPerMillion">A decimal string, for a million tokens of prompt.</param>
/// <param name="OutputPerMillion">A decimal string, for a million generated tokens.</param>
/// <param name="Reason">For those who read the history.</param>
/// <param name="EffectiveFrom">Now unless given.</param>
/// <param name="Confirm">A change of more than threefold is meant.</param>
internal sealed record PriceRequest(
    string? Model, AmountText? InputPerMillion, AmountText? OutputPerMillion, string? Reason, string? Currency = null, DateTimeOffset? EffectiveFrom = null, bool Confirm = false);

/// <param name="Prices">One for each known model, by name.</param>
internal sealed record PriceList(IReadOnlyList<PricedModelView> Prices);

/// <param name="Current">The version that new calls pay; null while calls are refused as unpriced.</param>
/// <param name="History">All versions, newest first, those to come included.</param>
internal sealed record PricedModelView(string ProductId, string Model, PriceView? Current, IReadOnlyList<PriceView> History)
{
    public static PricedModelView Of(PricedModel model) => new(
        PublicId.ToHub(model.Product.Id), model.Product.Name, model.Current is { } current ? PriceView.Of(current) : null, [.. model.Versions.Select(PriceView.Of)]);
}

/// <param name="InputPerMillion">What the first million costs; where prices have tiers, more may cost less.</param>
/// <param name="Keys">All that is priced, each by its charge model.</param>
internal sealed record PriceView(
    long Version, string InputPerMillion, string OutputPerMillion, string Currency, string EffectiveFrom, string PublishedAt, string PublishedBy, string Reason, IReadOnlyList<KeyWire> Keys)
{
    public static PriceView Of(PriceVersion version) => new(
        version.Version,
        version.Input.In(version.Currency).ToString(),
        version.Output.In(version.Currency).ToString(),
        version.Currency.Code,
        Instants.ToWire(version.EffectiveFrom),
        Instants.ToWire(version.PublishedAt),
        version.PublisherName,
        version.Reason,
        version.Wires);
}
