using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Who accounts are on paper: what the next invoices say. Those that are issued keep what they said.</summary>
internal sealed class Parties(BillingSteps steps, TimeProvider clock)
{
    private const int Longest = 500;

    private static readonly RefusalCode TaxIdInvalid = new("tax_id_invalid", 422);

    public Task<Party> FindAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.PartyAsync(accountId, cancel));

    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>, <c>tax_id_invalid</c>.</exception>
    public Task<Party> ChangeAsync(Guid accountId, PartyRequest wanted, Caller caller, CancellationToken cancel)
    {
        if (!caller.CanAdminister(accountId) && !caller.IsAdministrator)
        {
            throw new Refusal(RefusalCode.Forbidden, "Your credential may read this, but not change it. Use one that may write.");
        }

        var (name, address) = (Text(wanted.LegalName, "legalName"), Text(wanted.Address, "address"));
        var (country, region) = (Text(wanted.Country, "country").ToUpperInvariant(), Text(wanted.Region, "region").ToUpperInvariant());
        var taxId = TaxIds.Normalize(Text(wanted.TaxId, "taxId"));
        if (country.Length is not (0 or 2) || !country.All(char.IsAsciiLetterUpper) || region.Length > 5)
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give the country as two letters, such as DE, and a region as its code, such as NY.") { Param = "country" };
        }

        if (taxId.Length > 0 && !TaxIds.IsValid(country, taxId))
        {
            throw new Refusal(TaxIdInvalid, $"'{wanted.TaxId?.Trim()}' is no tax id of {(country.Length > 0 ? country : "any country: give one")}. Look for a digit that is wrong or missing.") { Param = "taxId" };
        }

        return steps.WriteAsync(
            async (db, token) =>
            {
                var party = await db.PartyAsync(accountId, token);
                if (db.Entry(party).State is EntityState.Detached)
                {
                    db.Parties.Add(party);
                }

                party.TaxIdCheck = taxId.Length == 0 ? TaxIdCheck.None : taxId == party.TaxId && country == party.Country ? party.TaxIdCheck : TaxIdCheck.Unverified;
                (party.LegalName, party.Address, party.Country, party.Region, party.IsBusiness, party.TaxId) = (name, address, country, region, wanted.IsBusiness, taxId);
                party.UpdatedAt = clock.GetUtcNow();
                await db.SaveChangesAsync(token);
                return party;
            },
            cancel);
    }

    /// <summary>An administrator has found the tax id in its registry.</summary>
    public Task<Party> ConfirmTaxIdAsync(Guid accountId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.WriteAsync(
            async (db, token) =>
            {
                var party = await db.PartyAsync(accountId, token);
                if (party.TaxId.Length == 0)
                {
                    throw new Refusal(RefusalCode.Conflict, "The account has given no tax id.");
                }

                party.TaxIdCheck = TaxIdCheck.Verified;
                await db.SaveChangesAsync(token);
                return party;
            },
            cancel);
    }

    private static string Text(string? text, string param) => text is { Length: > Longest }
        ? throw new Refusal(RefusalCode.Unprocessable, $"\"{param}\" has at most {Longest} characters.") { Param = param }
        : text?.Trim() ?? "";
}
