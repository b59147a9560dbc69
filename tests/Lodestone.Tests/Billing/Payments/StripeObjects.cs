using System.Globalization;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Billing.Payments;

/// <summary>What is at Stripe, and what its routes do to it. A card is named by what it does: <c>ok</c>, <c>insufficient_funds</c>, <c>lost_card</c>, <c>action</c>, <c>processing</c>.</summary>
internal sealed class StripeObjects
{
    private const int Missing = 404;

    private readonly Dictionary<string, JsonObject> _byId = new(StringComparer.Ordinal);
    private int _last;

    public Func<DateTimeOffset> Now { get; set; } = () => DateTimeOffset.UnixEpoch;

    /// <summary>What happened, the first first: as Stripe would tell it.</summary>
    public List<JsonObject> Events { get; } = [];

    public IEnumerable<JsonObject> Of(string type) => _byId.Values.Where(o => Text(o, "object") == type);

    public JsonObject this[string id] => _byId[id];

    public static JsonObject Error(string type, string message, string? code = null, string? decline = null, JsonObject? intent = null) => new()
    {
        ["error"] = new JsonObject { ["type"] = type, ["message"] = message, ["code"] = code, ["decline_code"] = decline, ["payment_intent"] = intent?.DeepClone() },
    };

    public (int Status, JsonObject Body) Answer(StripeRequest asked) => (asked.Method, asked.Path.Split('/')[2..]) switch
    {
        ("POST", ["customers"]) => (200, Make("cus", "customer", asked)),
        ("POST", ["checkout", "sessions"]) => (200, Session(asked)),
        ("POST", ["payment_intents"]) => Intent(asked),
        ("POST", ["payment_intents", var id, "cancel"]) => Cancel(id),
        ("POST", ["payment_methods", var id, "detach"]) => Detach(id),
        ("POST", ["refunds"]) => Refund(asked),
        ("GET", ["checkout", "sessions", var id]) => Find(asked, id),
        ("GET", [_, var id]) => Find(asked, id),
        ("GET", ["events"]) => (200, ListOf(asked.Path, Events)),
        ("GET", [var kind]) => (200, ListOf(asked.Path, Listed(asked, kind))),
        _ => (Missing, Error("invalid_request_error", $"Unrecognized request URL ({asked.Method}: {asked.Path}).")),
    };

    /// <summary>Somebody gives a card on Stripe's page.</summary>
    public JsonObject GiveCard(string sessionId, string card)
    {
        var session = _byId[sessionId];
        var method = Make("pm", "payment_method", []);
        (method["customer"], method["type"]) = (Text(session, "customer"), "card");
        method["card"] = new JsonObject { ["brand"] = "visa", ["last4"] = "4242", ["exp_month"] = 12, ["exp_year"] = 2030 };
        method["metadata"] = new JsonObject { ["card"] = card };
        var setup = Make("seti", "setup_intent", []);
        (setup["status"], setup["payment_method"], setup["customer"]) = ("succeeded", Text(method, "id"), Text(session, "customer"));
        (session["status"], session["setup_intent"]) = ("complete", Text(setup, "id"));
        return Happens("checkout.session.completed", session);
    }

    /// <summary>The card goes on doing something else.</summary>
    public void Becomes(string methodId, string card) => _byId[methodId]["metadata"] = new JsonObject { ["card"] = card };

    public JsonObject Succeed(string intentId)
    {
        Settle(_byId[intentId]);
        return Happens("payment_intent.succeeded", _byId[intentId]);
    }

    public JsonObject Dispute(string intentId, string status, long? amount = null, long fee = 1500)
    {
        var intent = _byId[intentId];
        var dispute = Make("dp", "dispute", []);
        (dispute["amount"], dispute["currency"], dispute["payment_intent"], dispute["reason"]) = (amount ?? (long)intent["amount"]!, "usd", intentId, "fraudulent");
        dispute["balance_transactions"] = new JsonArray(new JsonObject { ["id"] = Id("txn"), ["object"] = "balance_transaction", ["amount"] = -(amount ?? (long)intent["amount"]!), ["currency"] = "usd", ["fee"] = fee });
        return Decide(Text(dispute, "id"), status, "charge.dispute.created");
    }

    public JsonObject Decide(string disputeId, string status, string type = "charge.dispute.closed")
    {
        _byId[disputeId]["status"] = status;
        return Happens(type, _byId[disputeId]);
    }

    public JsonObject Payout(long amount)
    {
        var payout = Make("po", "payout", []);
        (payout["amount"], payout["currency"], payout["status"]) = (amount, "usd", "paid");
        return Happens("payout.paid", payout);
    }

    public JsonObject FailPayout(string payoutId)
    {
        _byId[payoutId]["status"] = "failed";
        return Happens("payout.failed", _byId[payoutId]);
    }

    /// <summary>Something that is there, changed behind everybody's back.</summary>
    public void Forge(string id, string name, JsonNode value) => _byId[id][name] = value;

    public JsonObject Happens(string type, JsonObject about)
    {
        var happened = new JsonObject
        {
            ["id"] = Id("evt"), ["object"] = "event", ["api_version"] = "2026-10-28.endive", ["created"] = Now().ToUnixTimeSeconds(), ["type"] = type, ["livemode"] = false,
            ["data"] = new JsonObject { ["object"] = about.DeepClone() },
        };
        Events.Add(happened);
        return happened;
    }

    private JsonObject Session(StripeRequest asked)
    {
        var session = Make("cs", "checkout.session", asked);
        (session["mode"], session["customer"], session["status"], session["client_reference_id"]) = (asked["mode"], asked["customer"], "open", asked["client_reference_id"]);
        (session["url"], session["success_url"]) = ($"https://checkout.stripe.test/{Text(session, "id")}", asked["success_url"]);
        return session;
    }

    private (int Status, JsonObject Body) Intent(StripeRequest asked)
    {
        if (asked["payment_method"] is not { } methodId || !_byId.TryGetValue(methodId, out var method) || Text(method, "customer") != asked["customer"])
        {
            return (400, Error("invalid_request_error", "The customer does not have that payment method.", "resource_missing"));
        }

        var intent = Make("pi", "payment_intent", asked);
        (intent["amount"], intent["currency"], intent["customer"], intent["payment_method"]) = (long.Parse(asked["amount"]!, CultureInfo.InvariantCulture), asked["currency"], asked["customer"], methodId); // required
        intent["description"] = asked["description"];
        return (card: (string?)method["metadata"]?["card"], asked["off_session"]) switch
        {
            ("ok", _) => Settled(intent, asked),
            ("processing", _) => (200, With(intent, "processing")),
            ("action", "true") => Declined(intent, "authentication_required", "Your card was declined. This transaction requires authentication."),
            ("action", _) => (200, Acting(intent)),
            (var card, _) => Declined(intent, card ?? "", "Your card was declined."),
        };
    }

    private (int Status, JsonObject Body) Settled(JsonObject intent, StripeRequest asked)
    {
        Settle(intent);
        Happens("payment_intent.succeeded", intent);
        return (200, Shown(intent, asked));
    }

    private void Settle(JsonObject intent)
    {
        var amount = (long)intent["amount"]!; // every intent has one
        var charge = Make("ch", "charge", []);
        (charge["amount"], charge["currency"], charge["payment_intent"]) = (amount, "usd", Text(intent, "id"));
        charge["balance_transaction"] = new JsonObject { ["id"] = Id("txn"), ["object"] = "balance_transaction", ["amount"] = amount, ["currency"] = "usd", ["fee"] = (amount * 29 / 1000) + 30 };
        (intent["latest_charge"], intent["next_action"]) = (Text(charge, "id"), null);
        With(intent, "succeeded");
    }

    private static JsonObject Acting(JsonObject intent)
    {
        intent["next_action"] = new JsonObject { ["type"] = "redirect_to_url", ["redirect_to_url"] = new JsonObject { ["url"] = $"https://hooks.stripe.test/{Text(intent, "id")}" } };
        return With(intent, "requires_action");
    }

    private (int Status, JsonObject Body) Declined(JsonObject intent, string code, string message)
    {
        With(intent, "requires_payment_method");
        var error = (JsonObject)Error("card_error", message, code == "authentication_required" ? code : "card_declined", code)["error"]!.DeepClone(); // it has one
        intent["last_payment_error"] = error;
        Happens("payment_intent.payment_failed", intent);
        return (402, Error("card_error", message, code == "authentication_required" ? code : "card_declined", code, intent));
    }

    private (int Status, JsonObject Body) Cancel(string id)
    {
        var intent = _byId[id];
        if (Text(intent, "status") is "succeeded" or "canceled")
        {
            return (400, Error("invalid_request_error", $"You cannot cancel this PaymentIntent because it has a status of {Text(intent, "status")}.", "payment_intent_unexpected_state"));
        }

        Happens("payment_intent.canceled", With(intent, "canceled"));
        return (200, intent);
    }

    private (int Status, JsonObject Body) Detach(string id)
    {
        var method = _byId[id];
        if (method["customer"] is null)
        {
            return (400, Error("invalid_request_error", "The payment method you provided is not attached to a customer so detachment is impossible."));
        }

        method["customer"] = null;
        Happens("payment_method.detached", method);
        return (200, method);
    }

    private (int Status, JsonObject Body) Refund(StripeRequest asked)
    {
        var (intentId, amount) = (asked["payment_intent"]!, long.Parse(asked["amount"]!, CultureInfo.InvariantCulture)); // required
        var sent = Of("refund").Where(r => Text(r, "payment_intent") == intentId && Text(r, "status") != "failed").Sum(r => (long)r["amount"]!);
        if (sent + amount > (long)_byId[intentId]["amount"]!)
        {
            return (400, Error("invalid_request_error", "Refund amount is greater than unrefunded amount on charge", "charge_already_refunded"));
        }

        var refund = Make("re", "refund", asked);
        (refund["amount"], refund["currency"], refund["payment_intent"], refund["status"]) = (amount, "usd", intentId, "succeeded");
        Happens("refund.created", refund);
        return (200, refund);
    }

    private (int Status, JsonObject Body) Find(StripeRequest asked, string id) => _byId.TryGetValue(id, out var found)
        ? (200, Shown(found, asked))
        : (Missing, Error("invalid_request_error", $"No such object: '{id}'", "resource_missing"));

    private List<JsonObject> Listed(StripeRequest asked, string kind)
    {
        var since = long.Parse(asked["created[gte]"] ?? "0", CultureInfo.InvariantCulture);
        return [.. Of(kind[..^1]).Where(o => (long)o["created"]! >= since) // every object has one
            .Where(o => asked["customer"] is not { } customer || Text(o, "customer") == customer)
            .Where(o => asked["payment_intent"] is not { } intent || Text(o, "payment_intent") == intent)
            .Reverse().Select(o => Shown(o, asked))];
    }

    private JsonObject Shown(JsonObject found, StripeRequest asked)
    {
        var shown = (JsonObject)found.DeepClone();
        if (shown["latest_charge"] is { } charge && (asked.Expands("latest_charge.balance_transaction") || asked.Expands("data.latest_charge.balance_transaction")))
        {
            shown["latest_charge"] = _byId[(string)charge!].DeepClone(); // it is an id
        }

        if (shown["setup_intent"] is { } setup && asked.Expands("setup_intent.payment_method"))
        {
            var expanded = (JsonObject)_byId[(string)setup!].DeepClone(); // it is an id
            expanded["payment_method"] = _byId[Text(expanded, "payment_method")].DeepClone();
            shown["setup_intent"] = expanded;
        }

        return shown;
    }

    private static JsonObject ListOf(string path, IEnumerable<JsonObject> found) => new()
    {
        ["object"] = "list", ["url"] = path, ["has_more"] = false, ["data"] = new JsonArray([.. found.Select(o => (JsonNode)o.DeepClone())]),
    };

    private JsonObject Make(string prefix, string type, StripeRequest asked) => Make(prefix, type, asked.Metadata);

    private JsonObject Make(string prefix, string type, JsonObject metadata)
    {
        var made = new JsonObject { ["id"] = Id(prefix), ["object"] = type, ["created"] = Now().ToUnixTimeSeconds(), ["metadata"] = metadata };
        return _byId[Text(made, "id")] = made;
    }

    private string Id(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}_{++_last:D6}");

    private static JsonObject With(JsonObject intent, string status)
    {
        intent["status"] = status;
        return intent;
    }

    public static string Text(JsonObject found, string name) => (string?)found[name] ?? "";
}
