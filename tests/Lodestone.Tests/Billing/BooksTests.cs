using System.Globalization;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

/// <summary>Random days of business, against the model, on one server that goes on through all of them.</summary>
public sealed class BooksTests
{
    private const int Steps = 60;
    private const int Runs = 12;

    [Fact]
    public async Task Whatever_happens_the_books_agree_with_the_model_to_the_pico_and_sum_to_zero()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0.000002");
        var scripts = Gen.Choose(0, 10_000_000).ArrayOf(Steps).ToArbitrary();

        await Task.Run(() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(Runs), Prop.ForAll(scripts, script => DoBusinessAsync(world, script))));

        Assert.True((await world.Get<TrialBalance>().ComputeAsync(CancellationToken.None)).IsZero);
        Assert.All((await world.Get<ConservationChecks>().RunAsync(CancellationToken.None)).Checks, check => Assert.True(check.Holds, check.ToString()));
    }

    private static async Task DoBusinessAsync(BillingWorld world, int[] script)
    {
        var business = new Business(world, PublicId.New(world.Clock));
        foreach (var number in script)
        {
            await business.StepAsync(number);
            await business.CompareAsync();
        }

        await business.EndAsync();
    }

    /// <summary>One account's calls and payments, done twice: by the product and by the model.</summary>
    private sealed class Business(BillingWorld world, Guid account)
    {
        // Fractions of a pico per token, so that rounding matters.
        private static readonly string[] PerMillion = ["0.000000300001", "0.000001250001", "2", "0", "0.000000999999", "1500.000000000001"];

        private readonly BillingModel _model = new(2_000_000);
        private readonly List<(BillingModel.Call Model, Hold Hold)> _open = [];
        private readonly Caller _owner = BillingWorld.Member(account);
        private int _version;
        private (BigInteger Input, BigInteger Output) _price;

        private DateOnly Today => DateOnly.FromDateTime(world.Clock.GetUtcNow().UtcDateTime);

        public async Task StepAsync(int number)
        {
            var (kind, size) = (number % 10, number / 10);
            switch (kind)
            {
                case 0 or 1 when _version == 0 || kind == 0:
                    await PublishAsync(size);
                    break;
                case <= 4:
                    await ReserveAsync(size);
                    break;
                case 5 or 6:
                    await SettleAsync(size);
                    break;
                case 7:
                    await ReleaseAsync(size);
                    break;
                case 8:
                    await TopUpAsync(size);
                    break;
                default:
                    world.Clock.Advance(TimeSpan.FromHours(size % 400)); // days and months go by while calls run
                    break;
            }
        }

        public async Task CompareAsync()
        {
            var wallet = await world.WalletAsync(account);

            Assert.Equal(_model.Balance, (BigInteger)wallet.Balance.Picos);
            Assert.Equal(_model.Held, (BigInteger)wallet.Held.Picos);
            Assert.Equal(_model.FreeLeft(Today), (BigInteger)wallet.FreeLeft.Picos);
            Assert.True(wallet.Balance.Picos >= 0);
        }

        public async Task EndAsync()
        {
            while (_open.Count > 0)
            {
                await SettleAsync(_open.Count);
                await CompareAsync();
            }
        }

        private async Task PublishAsync(int size)
        {
            var (input, output) = (PerMillion[size % PerMillion.Length], PerMillion[size / 7 % PerMillion.Length]);
            await world.PriceAsync(input, output);
            _version++;
            _price = ((BigInteger)BillingWorld.Usd(input).Picos, (BigInteger)BillingWorld.Usd(output).Picos);
        }

        private async Task ReserveAsync(int size)
        {
            if (_version == 0)
            {
                return;
            }

            var (prompt, most) = (size % 700, size / 700 % 300);
            var expected = _model.Reserve(prompt, most, _version, _price, Today);
            try
            {
                var hold = await world.ReserveAsync(prompt, most, account);
                Assert.NotNull(expected);
                Assert.Equal((expected.Most, expected.FreePart), ((BigInteger)hold.Amount.Picos, (BigInteger)hold.FreePart.Picos));
                _open.Add((expected, hold));
            }
            catch (Refusal refusal)
            {
                Assert.Null(expected);
                Assert.Equal(402, refusal.Code.Status);
            }
        }

        private async Task SettleAsync(int size)
        {
            if (_open.Count == 0)
            {
                return;
            }

            var (call, hold) = _open[size % _open.Count];
            _open.Remove((call, hold));
            var outcome = (CallOutcome)(size % 6);
            var (input, output) = (call.Prompt, size % 3 == 0 ? 0 : size % (call.MaxOutput + 2));
            _model.Settle(call, input, output, outcome);
            if (outcome is CallOutcome.Orphaned)
            {
                await world.Metering.DeliveredAsync(hold.Id, new CallUsage(input, output), CancellationToken.None);
                await world.OrphanAsync(hold);
                return;
            }

            var settlement = await world.SettleAsync(hold, input, output, outcome);

            Assert.Equal((call.ListValue, call.Charged), ((BigInteger)settlement.ListValue.Picos, (BigInteger)settlement.Charged.Picos));
            Assert.True(settlement.ListValue <= hold.Amount);
        }

        private async Task ReleaseAsync(int size)
        {
            if (_open.Count == 0)
            {
                return;
            }

            var (call, hold) = _open[size % _open.Count];
            _open.Remove((call, hold));
            _model.Release(call);
            await world.Metering.ReleaseAsync(hold.Id, CancellationToken.None);
        }

        private async Task TopUpAsync(int size)
        {
            var amount = BillingWorld.Usd(string.Create(CultureInfo.InvariantCulture, $"{1 + (size % 5)}.{size % 1000:D3}0000{size % 10_000:D5}"));
            _model.TopUp((BigInteger)amount.Picos);
            await world.TopUpAsync(amount, _owner);
        }
    }
}
