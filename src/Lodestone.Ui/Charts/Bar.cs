using Lodestone.Core;

namespace Lodestone.Ui;

/// <summary>One bar of a <see cref="BarChart"/>.</summary>
/// <param name="Label">Under the bar: a day such as <c>26 Nov</c>.</param>
/// <param name="Value">Its height, in the chart's unit; not negative.</param>
/// <param name="Text">The exact value, for the tip and the table.</param>
public sealed record Bar(string Label, double Value, string Text)
{
    /// <summary>An amount as a bar: its height is near enough, its text exact.</summary>
    public static Bar Of(string label, Money amount) => new(label, (double)amount.Picos / Money.PicosPerUnit, $"{amount} {amount.Currency}");
}
