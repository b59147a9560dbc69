using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Books of prices and their versions, for administrators' programs: <c>/api/v1/prices/books</c>.</summary>
internal static class PriceBooksApi
{
    public static void MapPriceBooks(this IEndpointRouteBuilder routes)
    {
        var prices = routes.MapGroup("/api/v1/prices").WithErrorShape(ErrorShape.Problem).WithTags("Prices");
        prices.MapGet("/books", List);
        prices.MapPost("/books", Create);
        prices.MapPost("/books/{book}/accounts", Assign);
        prices.MapGet("/books/{book}/versions", History);
        prices.MapPost("/books/{book}/versions", Publish);
        prices.MapPost("/books/{book}/versions:publish", Publish);
        prices.MapPost("/books/{book}/versions:simulate", Simulate);
        prices.MapGet("/proposals", Proposals);
        prices.MapPost("/proposals/{id}:confirm", Confirm);
        prices.MapPost("/proposals/{id}:withdraw", Withdraw);
    }

    private static async Task<Ok<BookList>> List(Books books, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new BookList([.. (await books.AllAsync(caller, cancel)).Select(BookView.Of)]));

    private static async Task<Created<BookView>> Create(NewBook wanted, Books books, Caller caller, CancellationToken cancel)
    {
        var kind = wanted.Kind switch
        {
            "contract" => BookKind.Contract,
            "plan" => BookKind.Plan,
            _ => throw new Refusal(RefusalCode.Unprocessable, "The kind of a book is 'contract' or 'plan'.") { Param = "kind" },
        };
        return TypedResults.Created((string?)null, BookView.Of(await books.CreateAsync(wanted.Slug, kind, wanted.Name, caller, cancel)));
    }

    /// <summary>Gives an account the book's prices from now on.</summary>
    private static async Task<NoContent> Assign(string book, NewAssignment wanted, Books books, AccountChoice accounts, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var known = (await books.AllAsync(caller, cancel)).Find(b => b.Slug == book && b.Kind is not BookKind.List)
            ?? throw new Refusal(RefusalCode.NotFound, $"There is no book called {book} that accounts can have.") { Param = "book" };
        var account = await accounts.FindAsync(wanted.Account ?? throw new Refusal(RefusalCode.Unprocessable, "Name the account.") { Param = "account" }, cancel);
        await books.AssignAsync(account.Id, known.Kind, wanted.Ends ? null : book, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<BookVersionList>> History(string book, Publications publications, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new BookVersionList([.. (await publications.HistoryAsync(book, caller, cancel)).Select(BookVersionView.Of)]));

    private static async Task<Results<Created<BookVersionView>, Accepted<ProposalView>>> Publish(string book, NewPublication wanted, Publications publications, Caller caller, CancellationToken cancel)
    {
        var (publication, proposal) = await publications.PublishAsync(book, wanted, caller, cancel);
        return proposal is not null
            ? TypedResults.Accepted((string?)null, ProposalView.Of(proposal))
            : TypedResults.Created((string?)null, BookVersionView.Of((await publications.HistoryAsync(book, caller, cancel)).Single(v => v.Publication.Id == publication!.Id))); // it is one or the other
    }

    private static async Task<Ok<SimulationView>> Simulate(string book, NewPublication wanted, Publications publications, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(SimulationView.Of(await publications.SimulateAsync(book, wanted, caller, cancel)));

    private static async Task<Ok<ProposalList>> Proposals(Publications publications, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new ProposalList([.. (await publications.OpenAsync(caller, cancel)).Select(ProposalView.Of)]));

    private static async Task<Ok<BookVersionView>> Confirm(string id, Publications publications, Caller caller, CancellationToken cancel)
    {
        var publication = await publications.ConfirmAsync(IdOf(id), caller, cancel);
        return TypedResults.Ok(BookVersionView.Of((await publications.HistoryAsync(publication.Book, caller, cancel)).Single(v => v.Publication.Id == publication.Id)));
    }

    private static async Task<Ok<ProposalView>> Withdraw(string id, Publications publications, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(ProposalView.Of(await publications.WithdrawAsync(IdOf(id), caller, cancel)));

    private static Guid IdOf(string text) => PublicId.TryParse("prp", text, out var id) ? id : Guid.Empty;
}

/// <param name="Kind"><c>contract</c> or <c>plan</c>.</param>
internal sealed record NewBook(string? Slug, string? Kind, string? Name = null);

/// <param name="Ends">The account has it no longer.</param>
internal sealed record NewAssignment(string? Account, bool Ends = false);

internal sealed record BookList(IReadOnlyList<BookView> Books);

internal sealed record BookView(string Slug, string Kind, string Name)
{
    public static BookView Of(Book book) => new(book.Slug, book.Kind.ToWire(), book.Name);
}

/// <param name="Versions">Newest first.</param>
internal sealed record BookVersionList(IReadOnlyList<BookVersionView> Versions);

/// <param name="ConfirmedBy">The other administrator, where one had to confirm.</param>
/// <param name="Prices">What each product costs by it.</param>
internal sealed record BookVersionView(
    string Book, long Version, string EffectiveFrom, string PublishedAt, string PublishedBy, string? ConfirmedBy, string Reason, bool CreditOnly, IReadOnlyList<ProductPricesView> Prices)
{
    public static BookVersionView Of(BookVersion version) => new(
        version.Publication.Book,
        version.Publication.Version,
        Instants.ToWire(version.Publication.EffectiveFrom),
        Instants.ToWire(version.Publication.PublishedAt),
        version.Publication.PublisherName,
        version.Publication.ConfirmerName,
        version.Publication.Reason,
        version.Publication.IsCreditOnly,
        [.. version.Prices.Select(p => new ProductPricesView(p.Product, p.Version.Wires))]);
}

internal sealed record ProductPricesView(string Product, IReadOnlyList<KeyWire> Keys);

/// <param name="From">First day of the use that was priced anew.</param>
/// <param name="To">The last.</param>
/// <param name="Before">What it came to at list value.</param>
/// <param name="After">What it would come to.</param>
/// <param name="Doubts">What looks like a mistake and has to be confirmed.</param>
internal sealed record SimulationView(string From, string To, string Currency, string Before, string After, IReadOnlyList<SimulatedLineView> Lines, IReadOnlyList<string> Doubts)
{
    public static SimulationView Of(PriceSimulation simulation) => new(
        simulation.From.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
        simulation.To.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
        BillingOptions.Currency.Code,
        simulation.Before.ToString(),
        simulation.After.ToString(),
        [.. simulation.Lines.Select(l => new SimulatedLineView(l.Product, l.Line, l.Quantity, l.Accounts, l.Before.ToString(), l.After?.ToString()))],
        simulation.Doubts);
}

/// <param name="After">Null where it would have no price.</param>
internal sealed record SimulatedLineView(string Product, string Line, long Quantity, int Accounts, string Before, string? After);

internal sealed record ProposalList(IReadOnlyList<ProposalView> Proposals);

/// <param name="State"><c>open</c>, <c>published</c> or <c>withdrawn</c>.</param>
internal sealed record ProposalView(string Id, string Book, string ProposedAt, string ProposedBy, string Doubt, string State)
{
    public static ProposalView Of(Proposal proposal) => new(
        PublicId.Format("prp", proposal.Id), proposal.Book, Instants.ToWire(proposal.ProposedAt), proposal.ProposerName, proposal.Doubt, proposal.State.ToWire());
}
