using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Billing;

/// <summary>Billing's wire records.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(EventAnswer))]
[JsonSerializable(typeof(Correction))]
[JsonSerializable(typeof(NewMeter))]
[JsonSerializable(typeof(MeterList))]
[JsonSerializable(typeof(MeterReport))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(EventList))]
[JsonSerializable(typeof(EventHistory))]
[JsonSerializable(typeof(PriceRequest))]
[JsonSerializable(typeof(PriceList))]
[JsonSerializable(typeof(PriceView))]
[JsonSerializable(typeof(TopUpRequest))]
[JsonSerializable(typeof(TopUpView))]
[JsonSerializable(typeof(TopUpList))]
[JsonSerializable(typeof(WalletSummary))]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(CallList))]
[JsonSerializable(typeof(CallReport))]
[JsonSerializable(typeof(TrialBalanceView))]
[JsonSerializable(typeof(ConservationReport))]
[JsonSerializable(typeof(TransactionList))]
internal sealed partial class BillingJson : JsonSerializerContext;
