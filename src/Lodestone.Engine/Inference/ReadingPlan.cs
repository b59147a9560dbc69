namespace Lodestone.Engine.Inference;

/// <summary>Who reads how much of a piece.</summary>
internal static class ReadingPlan
{
    /// <summary>Tokens of several short prompts that are read at once: they all wait for each other anyway, and a long piece is read faster.</summary>
    public const int Burst = 256;

    /// <summary>How many tokens to read now.</summary>
    /// <param name="readers">Who wants to read.</param>
    /// <param name="piece">What one long prompt may read before others have their turn.</param>
    public static int Piece(IReadOnlyList<Slot> readers, int piece)
    {
        var brief = readers.Where(slot => slot.Unread <= Burst).ToList();
        return brief.Count < 2 ? piece : Math.Clamp(brief.Sum(slot => slot.Unread), piece, Math.Max(piece, Burst));
    }

    /// <summary>The shortest first, whole, and nobody's part beside them: so a short prompt is not kept waiting by a long one. But one turn in
    /// four begins with the one that came first, so that a long one is not kept waiting for ever. A block that two need is read by one of
    /// them: the other adopts it next time.</summary>
    /// <param name="readers">In order of arrival.</param>
    /// <param name="piece">Tokens to give away.</param>
    /// <param name="turn">Counts up.</param>
    public static IReadOnlyList<(Slot Slot, int Count)> Divide(IReadOnlyList<Slot> readers, int piece, int turn)
    {
        var plan = new List<(Slot Slot, int Count)>();
        var allowed = WithoutTwins(readers);
        var order = allowed.OrderBy(slot => turn % 4 == 0 && slot == allowed[0] ? 0 : slot.Unread);
        foreach (var reader in order)
        {
            var count = Math.Min(reader.Unread, piece);
            if (count > 0 && (plan.Count == 0 || count == reader.Unread))
            {
                plan.Add((reader, count));
                piece -= count;
            }
        }

        return plan;
    }

    // Who is in the midst of a block goes on with it.
    private static List<Slot> WithoutTwins(IReadOnlyList<Slot> readers)
    {
        var owners = new Dictionary<UInt128, Slot>();
        foreach (var reader in readers.OrderBy(slot => slot.Memory.IsWhole))
        {
            if (TokenMemory.NextKey(reader.Memory, reader.Tokens) is { } key)
            {
                owners.TryAdd(key, reader);
            }
        }

        return readers.Where(reader => TokenMemory.NextKey(reader.Memory, reader.Tokens) is not { } key || owners[key] == reader).ToList();
    }
}
