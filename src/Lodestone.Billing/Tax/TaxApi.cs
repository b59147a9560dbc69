using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Tax rules for administrators' programs, and who accounts are on paper: <c>/api/v1/tax/rules</c>, <c>/api/v1/billing/party</c>.</summary>
internal static class TaxApi
{
    public static void MapTax(this IEndpointRouteBuilder routes)
    {
        var tax = routes.MapGroup("/api/v1").WithErrorShape(ErrorShape.Problem).WithTags("Tax");
        tax.MapGet("/tax/rules", Rules);
        tax.MapPost("/tax/rules", Add);
        tax.MapPost("/tax/rules/{id}/end", End);
        tax.MapGet("/billing/party", Party);
        tax.MapPut("/billing/party", Change);
        tax.MapPost("/billing/party/tax-id-check", Confirm);
    }

    private static async Task<Ok<TaxRuleList>> Rules(TaxRules rules, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new TaxRuleList([.. (await rules.AllAsync(caller, cancel)).Select(TaxRuleView.Of)]));

    private static async Task<Created<TaxRuleView>> Add(TaxRuleRequest wanted, TaxRules rules, Caller caller, CancellationToken cancel) =>
        TypedResults.Created((string?)null, TaxRuleView.Of(await rules.AddAsync(wanted, caller, cancel)));

    private static async Task<Ok<TaxRuleView>> End(string id, DateTimeOffset? at, TaxRules rules, Caller caller, CancellationToken cancel) =>
        PublicId.TryParse(Taxation.RulePrefix, id, out var ruleId)
            ? TypedResults.Ok(TaxRuleView.Of(await rules.EndAsync(ruleId, at, caller, cancel)))
            : throw new Refusal(RefusalCode.NotFound, "There is no such tax rule.");

    private static async Task<Ok<PartyView>> Party(string? account, AccountChoice accounts, Parties parties, CancellationToken cancel)
    {
        var chosen = await accounts.BilledAsync(account, cancel);
        return TypedResults.Ok(PartyView.Of(chosen.Name, await parties.FindAsync(chosen.Id, cancel)));
    }

    private static async Task<Ok<PartyView>> Change(PartyRequest wanted, AccountChoice accounts, Parties parties, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.BilledAsync(wanted.Account, cancel);
        return TypedResults.Ok(PartyView.Of(chosen.Name, await parties.ChangeAsync(chosen.Id, wanted, caller, cancel)));
    }

    private static async Task<Ok<PartyView>> Confirm(string? account, AccountChoice accounts, Parties parties, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(PartyView.Of(chosen.Name, await parties.ConfirmTaxIdAsync(chosen.Id, caller, cancel)));
    }
}

/// <param name="Jurisdiction">A country such as <c>DE</c>, or a part of one such as <c>US-NY</c>.</param>
/// <param name="ProductClass"><c>usage</c>, <c>subscription</c>, <c>credit</c> or <c>*</c>.</param>
/// <param name="RatePercent">A decimal string such as <c>8.875</c>.</param>
/// <param name="ValidFrom">Now unless given.</param>
internal sealed record TaxRuleRequest(
    string? Jurisdiction, string? ProductClass, string? RatePercent, bool IsInclusive = false, bool ReverseCharge = false, string? TextBlock = null,
    DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null);

internal sealed record TaxRuleList(IReadOnlyList<TaxRuleView> Rules);

internal sealed record TaxRuleView(
    string Id, string Jurisdiction, string ProductClass, string RatePercent, bool IsInclusive, bool ReverseCharge, string TextBlock, string ValidFrom, string? ValidTo)
{
    public static TaxRuleView Of(TaxRule rule) => new(
        PublicId.Format(Taxation.RulePrefix, rule.Id),
        rule.Jurisdiction,
        rule.ProductClass,
        Percent(rule.RateMillionths),
        rule.IsInclusive,
        rule.ReverseCharge,
        rule.TextBlock,
        Instants.ToWire(rule.ValidFrom),
        rule.ValidTo is { } to ? Instants.ToWire(to) : null);

    /// <summary>190,000 millionths are <c>19</c>.</summary>
    public static string Percent(long millionths)
    {
        var (whole, rest) = Math.DivRem(millionths, TaxRule.Whole / 100);
        var fraction = rest.ToString("D4", CultureInfo.InvariantCulture).TrimEnd('0');
        return fraction.Length == 0 ? whole.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{whole}.{fraction}");
    }
}

/// <param name="Country">ISO 3166-1, two letters.</param>
/// <param name="Region">A state or province that taxes for itself.</param>
internal sealed record PartyRequest(string? LegalName, string? Address, string? Country, string? Region = null, bool IsBusiness = false, string? TaxId = null, string? Account = null);

/// <param name="TaxIdCheck"><c>none</c>, <c>unverified</c> (form and check digits are right) or <c>verified</c>.</param>
internal sealed record PartyView(string Account, string LegalName, string Address, string Country, string Region, bool IsBusiness, string TaxId, string TaxIdCheck)
{
    public static PartyView Of(string account, Party party) =>
        new(account, party.LegalName, party.Address, party.Country, party.Region, party.IsBusiness, party.TaxId, party.TaxIdCheck.ToWire());
}
