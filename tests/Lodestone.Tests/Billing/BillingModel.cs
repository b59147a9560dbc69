using System.Numerics;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing;

/// <summary>
/// The books again, slow and obvious: one list of what happened, arbitrary precision, nothing kept that can be computed.
/// Written apart from the product, to disagree with it.
/// </summary>
internal sealed class BillingModel(BigInteger freePerDay)
{
    private readonly List<Call> _calls = [];
    private BigInteger _paidIn;

    public void TopUp(BigInteger picos) => _paidIn += picos;

    public BigInteger Balance => _paidIn - _calls.Aggregate(BigInteger.Zero, (sum, c) => sum + c.Charged);

    public BigInteger Held => Open.Aggregate(BigInteger.Zero, (sum, c) => sum + c.Most - c.FreePart);

    public BigInteger ListValue => _calls.Aggregate(BigInteger.Zero, (sum, c) => sum + c.ListValue);

    private IEnumerable<Call> Open => _calls.Where(c => !c.IsDone);

    public BigInteger FreeLeft(DateOnly day)
    {
        var used = _calls.Where(c => c.Day == day).Aggregate(BigInteger.Zero, (sum, c) => sum + (c.IsDone ? c.ListValue - c.Charged : c.FreePart));
        return BigInteger.Max(freePerDay - used, 0);
    }

    /// <returns>The call, or null when it must be refused.</returns>
    public Call? Reserve(long prompt, long maxOutput, int priceVersion, (BigInteger Input, BigInteger Output) price, DateOnly day)
    {
        var most = Ceiling(price.Input, prompt) + Ceiling(price.Output, maxOutput);
        var freePart = BigInteger.Min(FreeLeft(day), most);
        if (most > freePart && most - freePart > Balance - Held)
        {
            return null;
        }

        var call = new Call { Prompt = prompt, MaxOutput = maxOutput, PriceVersion = priceVersion, Price = price, Day = day, Most = most, FreePart = freePart };
        _calls.Add(call);
        return call;
    }

    public void Settle(Call call, long input, long output, CallOutcome outcome)
    {
        if (call.IsDone)
        {
            return;
        }

        var failedEarly = output == 0 && outcome is not CallOutcome.Completed and not CallOutcome.Stopped;
        var (inputs, outputs) = failedEarly ? (0L, 0L) : (Math.Min(input, call.Prompt), Math.Min(output, call.MaxOutput));
        var month = _calls.Where(c => c.IsSettled && c.PriceVersion == call.PriceVersion && c.Day.Year == call.Day.Year && c.Day.Month == call.Day.Month).ToList();
        var (inputBefore, outputBefore) = (month.Sum(c => c.Input), month.Sum(c => c.Output));
        call.ListValue = Rounded(call.Price.Input * (inputBefore + inputs)) - Rounded(call.Price.Input * inputBefore)
            + Rounded(call.Price.Output * (outputBefore + outputs)) - Rounded(call.Price.Output * outputBefore);
        call.Charged = BigInteger.Max(call.ListValue - call.FreePart, 0);
        (call.Input, call.Output, call.IsDone, call.IsSettled) = (inputs, outputs, true, true);
    }

    public void Release(Call call)
    {
        if (call.IsDone)
        {
            return;
        }

        _calls.Remove(call);
    }

    private static BigInteger Ceiling(BigInteger perMillion, long quantity) =>
        perMillion % 1_000_000 == 0 || quantity == 0 ? perMillion / 1_000_000 * quantity : (perMillion * quantity / 1_000_000) + 1;

    private static BigInteger Rounded(BigInteger millionths)
    {
        var whole = BigInteger.DivRem(millionths, 1_000_000, out var rest);
        return rest > 500_000 || (rest == 500_000 && !whole.IsEven) ? whole + 1 : whole;
    }

    internal sealed class Call
    {
        public required long Prompt { get; init; }

        public required long MaxOutput { get; init; }

        public required int PriceVersion { get; init; }

        public required (BigInteger Input, BigInteger Output) Price { get; init; }

        public required DateOnly Day { get; init; }

        public required BigInteger Most { get; init; }

        public required BigInteger FreePart { get; init; }

        public bool IsDone { get; set; }

        public bool IsSettled { get; set; }

        public long Input { get; set; }

        public long Output { get; set; }

        public BigInteger ListValue { get; set; }

        public BigInteger Charged { get; set; }
    }
}
