using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The books of prices, and who has prices from which.</summary>
internal sealed class Books(BillingSteps steps, TimeProvider clock)
{
    private static readonly RefusalCode NameTaken = new("name_taken", 409);

    /// <summary>The list first, then by name.</summary>
    public Task<List<Book>> AllAsync(Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync<List<Book>>(async db => [Book.TheList, .. await db.Books.AsNoTracking().OrderBy(b => b.Name).ToListAsync(cancel)]);
    }

    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>, <c>name_taken</c>.</exception>
    public Task<Book> CreateAsync(string? slug, BookKind kind, string? name, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        if (!PriceLine.IsWord(slug) || kind is BookKind.List)
        {
            throw new Refusal(RefusalCode.Unprocessable, "A book has a slug of letters, digits, points, dashes and underscores, and is a contract's or a plan's. There is one list.") { Param = "slug" };
        }

        return steps.WriteAsync(
            async (db, token) =>
            {
                var book = new Book { Slug = slug!, Kind = kind, Name = string.IsNullOrWhiteSpace(name) ? slug! : name.Trim(), CreatedAt = clock.GetUtcNow(), CreatedBy = administrator.Id }; // a word is there
                db.Books.Add(book);
                return slug != PriceBook.List && await db.TrySaveAsync(token) ? book : throw new Refusal(NameTaken, $"There is a book called {slug}. Choose another slug.") { Param = "slug" };
            },
            cancel);
    }

    /// <summary>From now on an account has its prices from this book, in place of another of the same kind; from none of that kind where it is absent.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public Task<int> AssignAsync(Guid accountId, BookKind kind, string? slug, CancellationToken cancel) =>
        steps.WriteAsync((db, token) => AssignAsync(db, accountId, kind, slug, clock.GetUtcNow(), token), cancel);

    /// <inheritdoc cref="AssignAsync(Guid, BookKind, string?, CancellationToken)"/>
    /// <remarks>In the caller's transaction.</remarks>
    public static async Task<int> AssignAsync(BillingDb db, Guid accountId, BookKind kind, string? slug, DateTimeOffset now, CancellationToken cancel)
    {
        if (slug is not null && !await db.Books.AnyAsync(b => b.Slug == slug && b.Kind == kind, cancel))
        {
            throw new Refusal(RefusalCode.NotFound, $"There is no book called {slug} for a {kind.ToWire()}.") { Param = "book" };
        }

        foreach (var earlier in await db.BookAssignments.Where(a => a.AccountId == accountId && a.Kind == kind && a.EndsAt == null).ToListAsync(cancel))
        {
            earlier.End(now);
        }

        if (slug is not null)
        {
            db.BookAssignments.Add(new BookAssignment { Id = Guid.CreateVersion7(now), AccountId = accountId, Kind = kind, Book = slug, EffectiveFrom = now });
        }

        return await db.SaveChangesAsync(cancel);
    }
}

/// <summary>Prices that belong together: the list, those of a plan, those of a contract.</summary>
internal sealed class Book
{
    public static Book TheList { get; } = new() { Slug = PriceBook.List, Kind = BookKind.List, Name = "List prices", CreatedAt = DateTimeOffset.UnixEpoch, CreatedBy = Guid.Empty };

    public required string Slug { get; init; }

    public required BookKind Kind { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid CreatedBy { get; init; }
}

/// <summary>In the order in which they are asked for a price.</summary>
internal enum BookKind
{
    Contract,
    Plan,
    List,
}

/// <summary>An account has prices from a book.</summary>
internal sealed class BookAssignment
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required BookKind Kind { get; init; }

    public required string Book { get; init; }

    public required DateTimeOffset EffectiveFrom { get; init; }

    public DateTimeOffset? EndsAt { get; private set; }

    public void End(DateTimeOffset at) => EndsAt = at;
}
