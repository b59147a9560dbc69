namespace Lodestone.Ui;

/// <summary>One line of a <see cref="LineChart"/>.</summary>
/// <param name="Values">One for each label; null where nothing was measured, which leaves a gap.</param>
/// <param name="IsSoft">Drawn behind what matters more.</param>
public sealed record LineSeries(string Name, IReadOnlyList<double?> Values, bool IsSoft = false);
