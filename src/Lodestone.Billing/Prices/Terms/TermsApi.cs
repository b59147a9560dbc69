using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What was agreed with accounts, for administrators' programs: <c>/api/v1/prices/terms</c>.</summary>
internal static class TermsApi
{
    public static void MapTerms(this IEndpointRouteBuilder routes)
    {
        var terms = routes.MapGroup("/api/v1/prices/terms").WithErrorShape(ErrorShape.Problem).WithTags("Prices");
        terms.MapGet("", List);
        terms.MapPost("", Create);
        terms.MapPost("/{id}:end", End);
    }

    private static async Task<Ok<TermList>> List(string? account, AccountChoice accounts, BillingSteps steps, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var of = await accounts.FindAsync(account, cancel);
        var (terms, names) = await steps.ReadAsync(async db => (
            await db.Terms.AsNoTracking().Where(t => t.AccountId == of.Id).OrderBy(t => t.Id).ToListAsync(cancel),
            await db.Products.AsNoTracking().ToDictionaryAsync(p => p.Id, p => p.Name, cancel)));
        return TypedResults.Ok(new TermList([.. terms.Select(t => TermView.Of(t, of.Name, t.ProductId is { } product ? names.GetValueOrDefault(product) : null))]));
    }

    private static async Task<Created<TermView>> Create(NewTerm wanted, AccountChoice accounts, BillingSteps steps, TimeProvider clock, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var account = await accounts.FindAsync(wanted.Account ?? throw new Refusal(RefusalCode.Unprocessable, "Name the account.") { Param = "account" }, cancel);
        var term = await steps.WriteAsync(
            async (db, token) =>
            {
                Guid? product = wanted.Product is null ? null : (await db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Name == wanted.Product, token)
                    ?? throw new Refusal(RefusalCode.NotFound, $"Nothing called {wanted.Product} is sold here.") { Param = "product" }).Id;
                var read = wanted.Read(account.Id, product, clock.GetUtcNow());
                db.Terms.Add(read);
                await db.SaveChangesAsync(token);
                return read;
            },
            cancel);
        return TypedResults.Created((string?)null, TermView.Of(term, account.Name, wanted.Product));
    }

    private static async Task<NoContent> End(string id, BillingSteps steps, TimeProvider clock, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var termId = PublicId.TryParse("trm", id, out var found) ? found : Guid.Empty;
        await steps.WriteAsync(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                var term = await db.Terms.SingleOrDefaultAsync(t => t.Id == termId && (t.EndsAt == null || t.EndsAt > now), token)
                    ?? throw new Refusal(RefusalCode.NotFound, "There is no such term, or it has ended.");
                term.EndsAt = term.Kind is TermKind.Commitment
                    ? throw new Refusal(RefusalCode.Conflict, "A commitment ends with its term, which was agreed when it began.")
                    : now;
                return await db.SaveChangesAsync(token);
            },
            cancel);
        return TypedResults.NoContent();
    }
}

/// <param name="Kind"><c>allowance</c>, <c>percent_off</c>, <c>amount_off</c> or <c>commitment</c>.</param>
/// <param name="Product">Only for it.</param>
/// <param name="Class">Only for it.</param>
/// <param name="Quantity">Of an allowance: what costs nothing. Or its <paramref name="Amount"/>.</param>
/// <param name="Percent">Off: of a commitment, until it is used up.</param>
/// <param name="PercentOver">Off, once a commitment is used up.</param>
/// <param name="Period"><c>day</c>, <c>month</c> or <c>once</c>, which it is unless given.</param>
/// <param name="Scope"><c>account</c>, <c>user</c> or <c>seat</c>.</param>
/// <param name="OnExhausted"><c>charge</c>, <c>block</c> or <c>low_priority</c>.</param>
internal sealed record NewTerm(
    string? Account,
    string? Kind,
    string? Reason,
    string? Product = null,
    string? Class = null,
    long? Quantity = null,
    AmountText? Amount = null,
    AmountText? Percent = null,
    AmountText? PercentOver = null,
    string Period = "once",
    string Scope = "account",
    long Seats = 1,
    string OnExhausted = "charge",
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null)
{
    private static readonly RefusalCode PeriodInverted = new("period_inverted", 422);

    /// <exception cref="Refusal"><c>unprocessable</c>, <c>period_inverted</c>.</exception>
    public Term Read(Guid accountId, Guid? productId, DateTimeOffset now)
    {
        var kind = Named<TermKind>(Kind, "kind");
        if (string.IsNullOrWhiteSpace(Reason))
        {
            throw Wrong("Give a reason: others will read it.", "reason");
        }

        if (EndsAt <= (StartsAt ?? now) || StartsAt < now)
        {
            throw new Refusal(PeriodInverted, "A term begins now or later, and ends after that.") { Param = EndsAt is null ? "startsAt" : "endsAt" };
        }

        var needs = kind switch
        {
            TermKind.Allowance when Quantity is null == Amount is null => "An allowance has a quantity or an amount.",
            TermKind.PercentOff when Percent is null => "Give the percent that are taken off.",
            TermKind.AmountOff when Amount is null => "Give the amount that is taken off.",
            TermKind.Commitment when Amount is null || EndsAt is null => "A commitment has an amount and an end.",
            _ => null,
        };
        if (needs is not null || Quantity < 0 || Seats < 1)
        {
            throw Wrong(needs ?? "Quantities and seats are not negative.", kind is TermKind.PercentOff ? "percent" : "amount");
        }

        return new Term
        {
            Id = Guid.CreateVersion7(now),
            AccountId = accountId,
            Kind = kind,
            ProductId = productId,
            UsageClass = Class,
            Quantity = Quantity,
            Amount = Amount is null ? default(StoredMoney) : NotNegative(Amounts.Read(Amount.Text, "amount"), "amount"),
            Share = Share(Percent, "percent", kind),
            ShareOver = Share(PercentOver, "percentOver", kind),
            Period = Named<TermPeriod>(Period, "period"),
            Scope = Named<TermScope>(Scope, "scope"),
            Seats = Seats,
            OnExhausted = Named<OnExhausted>(OnExhausted, "onExhausted"),
            StartsAt = StartsAt ?? now,
            EndsAt = EndsAt,
            CreatedAt = now,
            Reason = Reason,
        };
    }

    // A commitment's discount leaves something to pay, or nothing would ever use it up.
    private static long Share(AmountText? percent, string param, TermKind kind)
    {
        var picos = percent is null ? 0 : Amounts.Read(percent.Text, param).Picos;
        var (share, rest) = Int128.DivRem(picos * TermRules.Whole, PercentageCharge.Whole);
        return rest == 0 && share >= 0 && (kind is TermKind.Commitment ? share < TermRules.Whole : share <= TermRules.Whole)
            ? (long)share
            : throw Wrong("A percentage is at least 0, at most 100 (of a commitment below), and has at most four decimals.", param);
    }

    private static Money NotNegative(Money amount, string param) => amount.Picos >= 0 ? amount : throw Wrong("The amount is not negative.", param);

    private static T Named<T>(string? name, string param)
        where T : struct, Enum => Enum.GetValues<T>().Where(v => v.ToWire() == name).Select(v => (T?)v).FirstOrDefault()
        ?? throw Wrong($"'{name}' is none of {string.Join(", ", Enum.GetValues<T>().Select(v => v.ToWire()))}.", param);

    private static Refusal Wrong(string message, string param) => new(RefusalCode.Unprocessable, message) { Param = param };
}

internal sealed record TermList(IReadOnlyList<TermView> Terms);

/// <param name="Percent">In per cent.</param>
internal sealed record TermView(
    string Id, string Account, string Kind, string? Product, string? Class, long? Quantity, string Amount, string Percent, string PercentOver, string Period, string Scope, long Seats, string OnExhausted,
    string StartsAt, string? EndsAt, string Reason)
{
    public static TermView Of(Term term, string account, string? product) => new(
        PublicId.Format("trm", term.Id),
        account,
        term.Kind.ToWire(),
        product,
        term.UsageClass,
        term.Quantity,
        term.Amount.In(BillingOptions.Currency).ToString(),
        Percents(term.Share),
        Percents(term.ShareOver),
        term.Period.ToWire(),
        term.Scope.ToWire(),
        term.Seats,
        term.OnExhausted.ToWire(),
        Instants.ToWire(term.StartsAt),
        term.EndsAt is { } end ? Instants.ToWire(end) : null,
        term.Reason);

    private static string Percents(long share) => new Money((Int128)share * (PercentageCharge.Whole / TermRules.Whole), BillingOptions.Currency).ToString();
}
