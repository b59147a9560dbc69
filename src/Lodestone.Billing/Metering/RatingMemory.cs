using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What rating has read in one transaction, in which nothing of it changes: most events of a batch are of few accounts and products.</summary>
internal sealed class RatingMemory(BillingDb db)
{
    private readonly HashSet<Guid> _locked = [];
    private readonly Dictionary<Guid, Customer> _customers = [];
    private readonly Dictionary<Guid, List<BookAssignment>> _books = [];
    private readonly Dictionary<Guid, List<Term>> _terms = [];
    private readonly Dictionary<(Guid ProductId, string Book), List<PriceVersion>> _prices = [];
    private readonly Dictionary<Guid, string> _names = [];
    private readonly Dictionary<RollUpKey, RollUp> _rollUps = [];

    /// <summary>It is of no other: contexts are used again.</summary>
    public Guid TransactionId { get; } = db.Database.CurrentTransaction?.TransactionId ?? throw new InvalidOperationException("Rating is part of a transaction.");

    /// <summary>Takes the account's turn, for as long as the transaction lasts.</summary>
    public async Task LockAsync(Guid accountId, CancellationToken cancel)
    {
        if (_locked.Add(accountId))
        {
            await db.LockWalletAsync(accountId, cancel);
        }
    }

    public async Task<Customer> CustomerAsync(Guid accountId, DateTimeOffset now, CancellationToken cancel) =>
        _customers.TryGetValue(accountId, out var known) ? known : _customers[accountId] = await db.CustomerAsync(accountId, now, cancel);

    public async Task<IReadOnlyList<BookAssignment>> BooksAsync(Guid accountId, CancellationToken cancel) =>
        _books.TryGetValue(accountId, out var known) ? known : _books[accountId] = await db.BookAssignments.AsNoTracking().Where(a => a.AccountId == accountId).ToListAsync(cancel);

    public async Task<IReadOnlyList<Term>> TermsAsync(Guid accountId, CancellationToken cancel) =>
        _terms.TryGetValue(accountId, out var known) ? known : _terms[accountId] = await db.Terms.AsNoTracking().Where(t => t.AccountId == accountId).ToListAsync(cancel);

    /// <summary>All versions of a product in a book, the latest first.</summary>
    public async Task<IReadOnlyList<PriceVersion>> PricesAsync(Guid productId, string book, CancellationToken cancel) =>
        _prices.TryGetValue((productId, book), out var known)
            ? known
            : _prices[(productId, book)] = await db.PriceVersions.At(productId, DateTimeOffset.MaxValue, book).AsNoTracking().ToListAsync(cancel);

    /// <summary>What a product is called; its id in digits where nobody has told.</summary>
    public async Task<string> ProductNameAsync(Guid productId, CancellationToken cancel) =>
        _names.TryGetValue(productId, out var known)
            ? known
            : _names[productId] = await db.Products.AsNoTracking().Where(p => p.Id == productId).Select(p => p.Name).SingleOrDefaultAsync(cancel) ?? productId.ToString("N");

    /// <summary>The roll-up that rows of the key are added to; absent until it is begun. The account's turn is taken.</summary>
    public async Task<RollUp?> OpenRollUpAsync(RollUpKey key, CancellationToken cancel)
    {
        if (_rollUps.TryGetValue(key, out var known))
        {
            return known;
        }

        var (account, minute, product, price, name, day) = key;
        var open = await db.RollUps.SingleOrDefaultAsync(
            u => u.IsOpen && u.AccountId == account && u.Minute == minute && u.ProductId == product && u.PriceVersionId == price && u.Class == name && u.Day == day, cancel);
        if (open is not null)
        {
            Remember(open);
        }

        return open;
    }

    public void Remember(RollUp open) => _rollUps[open.Key] = open;
}
