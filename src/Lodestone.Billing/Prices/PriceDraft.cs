using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>A publication read against the book as it is: what each product would cost, and what looks like a mistake.</summary>
/// <param name="Book">Its slug.</param>
/// <param name="EffectiveFrom">When it would take effect.</param>
/// <param name="Changes">One for each product.</param>
internal sealed record PriceDraft(string Book, DateTimeOffset EffectiveFrom, IReadOnlyList<ProductPrices> Changes)
{
    private static readonly RefusalCode TakesEffectInPast = new("effective_in_past", 422);
    private static readonly RefusalCode KeyTwice = new("key_twice", 422);

    /// <summary>What looks like a mistake; empty where nothing does.</summary>
    public IReadOnlyList<string> Doubts => [.. Changes.SelectMany(PriceDoubts.Of)];

    public static Refusal InPast(DateTimeOffset from, DateTimeOffset now) =>
        new(TakesEffectInPast, $"A price cannot take effect in the past: {Instants.ToWire(from)} is before {Instants.ToWire(now)}. Leave the instant out to mean now.") { Param = "effectiveFrom" };

    /// <exception cref="Refusal">
    /// <c>effective_in_past</c>, <c>not_found</c>, <c>key_twice</c>, <c>price_gap</c>, <c>unknown_currency</c>, and those of <see cref="ChargeReading"/>.
    /// </exception>
    public static async Task<PriceDraft> ReadAsync(BillingDb db, string book, NewPublication wanted, DateTimeOffset now, CancellationToken cancel)
    {
        Amounts.Check(wanted.Currency);
        var from = wanted.EffectiveFrom ?? now;
        if (from < now && !wanted.CreditOnly)
        {
            throw InPast(from, now);
        }

        if (book != PriceBook.List && !await db.Books.AnyAsync(b => b.Slug == book, cancel))
        {
            throw new Refusal(RefusalCode.NotFound, $"There is no book called {book}.") { Param = "book" };
        }

        foreach (var (at, key) in (wanted.Keys ?? []).Index())
        {
            key.Key.Read($"keys[{at}]");
        }

        var names = (wanted.Keys ?? []).Select(k => k.Product).Concat((wanted.Retire ?? []).Select(k => k.Product)).Distinct(StringComparer.Ordinal);
        var changes = new List<ProductPrices>();
        foreach (var name in names)
        {
            var set = (wanted.Keys ?? []).Where(k => k.Product == name).Select(k => k.Key).ToList();
            var retired = (wanted.Retire ?? []).Where(k => k.Product == name).Select(k => new PriceLine(k.Class ?? "", k.Region, k.Tier)).ToHashSet();
            var (product, isNew) = await ProductAsync(db, name ?? "", from, cancel);
            changes.Add((await ChangeAsync(db, book, product, set, retired, from, cancel)) with { IsNew = isNew });
        }

        return changes.Count > 0
            ? new PriceDraft(book, from, changes)
            : throw new Refusal(RefusalCode.Unprocessable, "Give at least one key to set or to retire.") { Param = "keys" };
    }

    /// <summary>Sets and retires keys of one product, and keeps the others.</summary>
    public static async Task<ProductPrices> ChangeAsync(
        BillingDb db, string book, Product product, IReadOnlyList<KeyWire> set, IReadOnlySet<PriceLine> retired, DateTimeOffset from, CancellationToken cancel)
    {
        var before = await db.PriceVersions.At(product.Id, from, book).AsNoTracking().FirstOrDefaultAsync(cancel);
        var list = book == PriceBook.List ? null : await db.PriceVersions.At(product.Id, from).AsNoTracking().FirstOrDefaultAsync(cancel);
        if (set.GroupBy(k => k.Line).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new Refusal(KeyTwice, $"The key {twice.Key} of {product.Name} is set twice. Leave one out.") { Param = "keys" };
        }

        var kept = (before ?? list)?.Wires.Where(k => !retired.Contains(k.Line) && !set.Any(s => s.Line == k.Line)) ?? [];
        return new ProductPrices(product, [.. kept, .. set], before ?? list);
    }

    private static async Task<(Product Product, bool IsNew)> ProductAsync(BillingDb db, string name, DateTimeOffset now, CancellationToken cancel) =>
        await db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancel) is { } known ? (known, false)
        : name.Split(':') is [var family, var item] && PriceLine.IsWord(family) && PriceLine.IsWord(item)
            ? (new Product { Id = Guid.CreateVersion7(now), Name = name, SellerId = Guid.Empty, SeenAt = now }, true)
            : throw new Refusal(RefusalCode.NotFound, $"No model called {name} is known here. A model is known once it has been published with a file that can be served; what is sold besides models is called family:item, such as storage:private.") { Param = "model" };
}

/// <summary>What a product would cost, and what it costs.</summary>
/// <param name="Keys">All that it would have.</param>
/// <param name="Before">The version that holds now in the book, else in the list.</param>
internal sealed record ProductPrices(Product Product, IReadOnlyList<KeyWire> Keys, PriceVersion? Before)
{
    /// <summary>The product is not known until it has this price.</summary>
    public bool IsNew { get; init; }

    /// <summary>The keys as a version; its number is for the one who stores it.</summary>
    public PriceVersion Version(string book, DateTimeOffset from, long version, Publication? publication)
    {
        var keys = Keys.Select((key, at) => key.Read($"keys[{at}]")).ToList();
        return new PriceVersion
        {
            Id = Guid.CreateVersion7(publication?.PublishedAt ?? from),
            ProductId = Product.Id,
            Version = version,
            Book = book,
            PublicationId = publication?.Id,
            Currency = BillingOptions.Currency,
            Input = PerMillion(keys, UsageClass.Input),
            Output = PerMillion(keys, UsageClass.Output),
            PerQuantity = PriceVersion.PerMillion,
            KeyText = IsPlain(keys) ? null : System.Text.Json.JsonSerializer.Serialize(Keys, BillingJson.Default.IReadOnlyListKeyWire),
            EffectiveFrom = from,
            PublishedAt = publication?.PublishedAt ?? from,
            PublishedBy = publication?.PublishedBy ?? Guid.Empty,
            PublisherName = publication?.PublisherName ?? "",
            Reason = publication?.Reason ?? "",
        };
    }

    private static Money PerMillion(List<PriceKey> keys, string usageClass) =>
        new(keys.Find(k => k.Class == usageClass && k.Narrowness == 0)?.Charge.Charge(null, PriceVersion.PerMillion) ?? 0, BillingOptions.Currency);

    private static bool IsPlain(List<PriceKey> keys) => keys.Count == 2
        && keys.TrueForAll(k => k is { Class: UsageClass.Input or UsageClass.Output, Narrowness: 0, Charge: UnitCharge { Price.PerQuantity: PriceVersion.PerMillion } });
}
