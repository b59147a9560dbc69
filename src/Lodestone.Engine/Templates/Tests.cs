using System.Collections.Frozen;

namespace Lodestone.Engine.Templates;

/// <summary>What may follow <c>is</c>.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Func<object?, CallArguments, bool>> ByName =
        new Dictionary<string, Func<object?, CallArguments, bool>>(StringComparer.Ordinal)
        {
            ["defined"] = (value, _) => value is not Undefined,
            ["undefined"] = (value, _) => value is Undefined,
            ["none"] = (value, _) => value is null,
            ["true"] = (value, _) => value is true,
            ["false"] = (value, _) => value is false,
            ["boolean"] = (value, _) => value is bool,
            ["string"] = (value, _) => value is MarkedText,
            ["number"] = (value, _) => value is long or double or bool,
            ["integer"] = (value, _) => value is long,
            ["float"] = (value, _) => value is double,
            ["mapping"] = (value, _) => value is Map,
            ["sequence"] = (value, _) => value is List<object?> or Map or MarkedText,
            ["iterable"] = (value, _) => value is List<object?> or Map or MarkedText or Undefined,
            ["callable"] = (value, _) => value is Callable,
            ["odd"] = (value, _) => (long)Values.Number(value) % 2 != 0,
            ["even"] = (value, _) => (long)Values.Number(value) % 2 == 0,
            ["divisibleby"] = (value, arguments) => (long)Values.Number(value) % arguments.Integer(0, "num", 1) == 0,
            ["in"] = (value, arguments) => Operators.Contains(arguments.Get(0, "seq"), value),
            ["sameas"] = (value, arguments) => Values.AreEqual(value, arguments.Get(0, "other")),
            ["eq"] = (value, arguments) => Values.AreEqual(value, arguments.Get(0, "b")),
            ["equalto"] = (value, arguments) => Values.AreEqual(value, arguments.Get(0, "b")),
            ["ne"] = (value, arguments) => !Values.AreEqual(value, arguments.Get(0, "b")),
            ["lt"] = (value, arguments) => Values.Compare(value, arguments.Get(0, "b")) < 0,
            ["le"] = (value, arguments) => Values.Compare(value, arguments.Get(0, "b")) <= 0,
            ["gt"] = (value, arguments) => Values.Compare(value, arguments.Get(0, "b")) > 0,
            ["ge"] = (value, arguments) => Values.Compare(value, arguments.Get(0, "b")) >= 0,
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public static Func<object?, CallArguments, bool>? Find(string name) => ByName.GetValueOrDefault(name);
}
