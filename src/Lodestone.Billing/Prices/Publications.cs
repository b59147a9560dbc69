using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Publishes prices, at once or after another administrator has confirmed what looks like a mistake.</summary>
internal sealed class Publications(BillingSteps steps, People people, TimeProvider clock)
{
    private static readonly RefusalCode ConfirmationRequired = new("confirmation_required", 409);
    private static readonly RefusalCode OwnProposal = new("own_proposal", 409);

    public static Refusal MustConfirm(string doubt) =>
        new(ConfirmationRequired, $"{doubt} Publish again with \"confirm\": true if that is meant.") { Param = "confirm" };

    /// <summary>Publishes a model's list price for a million tokens of input and of output.</summary>
    public Task<(Publication? Publication, Proposal? Proposal)> PublishModelAsync(PricedModel model, NewModelPrice price, Caller administrator, CancellationToken cancel)
    {
        Prices.Check(price);
        ProductKey Key(string usageClass, Money amount) => new(model.Product.Name, usageClass, KeyWire.PerMillion(usageClass, amount).Charge);
        var wanted = new NewPublication(
            [Key(UsageClass.Input, price.InputPerMillion), Key(UsageClass.Output, price.OutputPerMillion)], price.Reason, EffectiveFrom: price.EffectiveFrom, Confirm: price.IsConfirmed);
        return PublishAsync(PriceBook.List, wanted, administrator, cancel);
    }

    /// <summary>Newest first.</summary>
    public Task<List<BookVersion>> HistoryAsync(string book, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(async db =>
        {
            var versions = (await db.PriceVersions.AsNoTracking().Where(v => v.Book == book && v.PublicationId != null).ToListAsync(cancel)).ToLookup(v => v.PublicationId);
            var names = await db.Products.AsNoTracking().ToDictionaryAsync(p => p.Id, p => p.Name, cancel);
            var all = await db.Publications.AsNoTracking().Where(p => p.Book == book).OrderByDescending(p => p.Version).ToListAsync(cancel);
            return all.ConvertAll(p => new BookVersion(p, [.. versions[p.Id].Select(v => (names.GetValueOrDefault(v.ProductId, ""), v))]));
        });
    }

    /// <summary>What it would do, without doing it.</summary>
    /// <exception cref="Refusal">See <see cref="PriceDraft.ReadAsync"/>.</exception>
    public Task<PriceSimulation> SimulateAsync(string book, NewPublication wanted, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(async db => await PriceSimulation.RunAsync(db, await PriceDraft.ReadAsync(db, book, wanted, clock.GetUtcNow(), cancel), clock.GetUtcNow(), cancel));
    }

    /// <returns>The publication, or the proposal that another administrator has to confirm.</returns>
    /// <exception cref="Refusal">
    /// <c>confirmation_required</c> where something looks like a mistake and that was not said to be meant; see also <see cref="PriceDraft.ReadAsync"/>.
    /// </exception>
    public async Task<(Publication? Publication, Proposal? Proposal)> PublishAsync(string book, NewPublication wanted, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        if (string.IsNullOrWhiteSpace(wanted.Reason))
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give a reason: others will read it in the price's history.") { Param = "reason" };
        }

        var needsOther = await people.HasOtherOperatorAsync(administrator.Id, cancel);
        return await steps.WriteAsync<(Publication?, Proposal?)>(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                var draft = await PriceDraft.ReadAsync(db, book, wanted, now, token);
                if (draft.Doubts is not [var doubt, ..])
                {
                    return (await Publishing.AddAsync(db, draft, wanted, Publisher.Of(administrator), now, token), null);
                }

                if (!wanted.Confirm)
                {
                    throw MustConfirm(doubt);
                }

                return needsOther
                    ? (null, await ProposeAsync(db, book, wanted, string.Join(" ", draft.Doubts), administrator, now, token))
                    : (await Publishing.AddAsync(db, draft, wanted, Publisher.Of(administrator), now, token), null);
            },
            cancel);
    }

    /// <summary>What waits for another administrator, oldest first.</summary>
    public Task<List<Proposal>> OpenAsync(Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(db => db.Proposals.AsNoTracking().Where(p => p.State == ProposalState.Open).OrderBy(p => p.ProposedAt).ToListAsync(cancel));
    }

    /// <summary>Publishes what another administrator proposed; now, where its instant has passed.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>own_proposal</c>.</exception>
    public Task<Publication> ConfirmAsync(Guid proposalId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.WriteAsync(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                var proposal = await FindAsync(db, proposalId, token);
                if (proposal.ProposedBy == administrator.Id)
                {
                    throw new Refusal(OwnProposal, "Another administrator has to confirm what you proposed. You may withdraw it.");
                }

                var wanted = JsonSerializer.Deserialize(proposal.Content, BillingJson.Default.NewPublication)!; // it was written as one
                wanted = wanted.EffectiveFrom < now && !wanted.CreditOnly ? wanted with { EffectiveFrom = null } : wanted;
                var draft = await PriceDraft.ReadAsync(db, proposal.Book, wanted, now, token);
                proposal.State = ProposalState.Published;
                return await Publishing.AddAsync(db, draft, wanted, new Publisher(proposal.ProposedBy, proposal.ProposerName, administrator.Id, administrator.Name), now, token);
            },
            cancel);
    }

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public Task<Proposal> WithdrawAsync(Guid proposalId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.WriteAsync(
            async (db, token) =>
            {
                var proposal = await FindAsync(db, proposalId, token);
                proposal.State = ProposalState.Withdrawn;
                await db.SaveChangesAsync(token);
                return proposal;
            },
            cancel);
    }

    private static async Task<Proposal> FindAsync(BillingDb db, Guid proposalId, CancellationToken cancel)
    {
        await db.LockAsync<Proposal>(proposalId, cancel);
        return await db.Proposals.SingleOrDefaultAsync(p => p.Id == proposalId && p.State == ProposalState.Open, cancel)
            ?? throw new Refusal(RefusalCode.NotFound, "No such proposal waits. Somebody may have confirmed or withdrawn it.");
    }

    private static async Task<Proposal> ProposeAsync(BillingDb db, string book, NewPublication wanted, string doubt, Caller administrator, DateTimeOffset now, CancellationToken cancel)
    {
        var proposal = new Proposal
        {
            Id = Guid.CreateVersion7(now),
            Book = book,
            Content = JsonSerializer.Serialize(wanted, BillingJson.Default.NewPublication),
            ProposedAt = now,
            ProposedBy = administrator.Id,
            ProposerName = administrator.Name,
            Doubt = doubt,
            State = ProposalState.Open,
        };
        db.Proposals.Add(proposal);
        await db.SaveChangesAsync(cancel);
        return proposal;
    }
}

/// <param name="Prices">What each product costs by it, by name.</param>
internal sealed record BookVersion(Publication Publication, IReadOnlyList<(string Product, PriceVersion Version)> Prices);
