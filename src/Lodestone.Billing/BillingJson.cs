using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Billing;

/// <summary>Billing's wire records.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
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
[JsonSerializable(typeof(IReadOnlyList<AdjustmentLine>))]
[JsonSerializable(typeof(InvoiceForm))]
[JsonSerializable(typeof(CreditNoteForm))]
[JsonSerializable(typeof(InvoiceList))]
[JsonSerializable(typeof(InvoiceDetail))]
[JsonSerializable(typeof(DraftRequest))]
[JsonSerializable(typeof(CreditRequest))]
[JsonSerializable(typeof(LineRequestList))]
[JsonSerializable(typeof(AdjustmentRequest))]
[JsonSerializable(typeof(AdjustmentList))]
[JsonSerializable(typeof(AgeingReport))]
[JsonSerializable(typeof(DeferredReport))]
[JsonSerializable(typeof(ChainReport))]
[JsonSerializable(typeof(ClosedMonthView))]
[JsonSerializable(typeof(TaxRuleRequest))]
[JsonSerializable(typeof(TaxRuleList))]
[JsonSerializable(typeof(PartyRequest))]
[JsonSerializable(typeof(PartyView))]
internal sealed partial class BillingJson : JsonSerializerContext;
