using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Billing;

/// <summary>Billing's wire records.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PriceRequest))]
[JsonSerializable(typeof(PriceList))]
[JsonSerializable(typeof(PriceView))]
[JsonSerializable(typeof(IReadOnlyList<KeyWire>))]
[JsonSerializable(typeof(NewPublication))]
[JsonSerializable(typeof(NewBook))]
[JsonSerializable(typeof(BookList))]
[JsonSerializable(typeof(BookView))]
[JsonSerializable(typeof(NewAssignment))]
[JsonSerializable(typeof(BookVersionList))]
[JsonSerializable(typeof(BookVersionView))]
[JsonSerializable(typeof(SimulationView))]
[JsonSerializable(typeof(ProposalView))]
[JsonSerializable(typeof(ProposalList))]
[JsonSerializable(typeof(NewTerm))]
[JsonSerializable(typeof(TermView))]
[JsonSerializable(typeof(TermList))]
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
