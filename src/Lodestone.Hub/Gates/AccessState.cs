using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Lodestone.Hub;

/// <summary>Where somebody stands with a gate. Who never asked stands nowhere.</summary>
internal enum AccessState
{
    /// <summary>Asked; the owner has not decided.</summary>
    Pending,

    /// <summary>May read.</summary>
    Accepted,

    Rejected,

    /// <summary>Was accepted, and is not any more.</summary>
    Revoked,

    /// <summary>Took the request back, or gave the access up.</summary>
    Cancelled,

    /// <summary>Was accepted, and must accept a new licence first.</summary>
    Suspended,

    /// <summary>Asked, and nobody answered in time.</summary>
    Expired,
}

/// <summary>Which state may follow which, by whose act.</summary>
internal static class AccessStates
{
    /// <summary>What somebody who asks comes to from here, at a gate that lets them in or makes them wait.</summary>
    /// <returns>Null: they stay where they are.</returns>
    public static AccessState? AfterAsking(AccessState? now, AccessState answer) => now switch
    {
        null or AccessState.Cancelled or AccessState.Expired => answer,
        AccessState.Suspended => AccessState.Accepted, // the owner has decided about them already
        _ => null,
    };

    /// <summary>The owner has said no; only the owner takes it back.</summary>
    public static bool IsClosed(AccessState? now) => now is AccessState.Rejected or AccessState.Revoked;

    public static bool MayCancel(AccessState now) => now is AccessState.Pending or AccessState.Accepted or AccessState.Suspended;

    /// <summary>The owner's decision about somebody who asked.</summary>
    public static bool MayDecide(AccessState now, AccessState to) => (now, to) switch
    {
        (AccessState.Cancelled or AccessState.Expired, _) => false,
        (AccessState.Rejected or AccessState.Revoked, AccessState.Rejected or AccessState.Revoked) => false,
        (AccessState.Accepted or AccessState.Suspended, AccessState.Revoked) => true,
        (_, AccessState.Accepted or AccessState.Rejected or AccessState.Pending) => now != to,
        _ => false,
    };

    /// <summary>The word that clients and rows have for it.</summary>
    public static string ToWire(this AccessState state) => state.ToString().ToLowerInvariant();

    /// <returns>Null when it is no state.</returns>
    public static AccessState? Parse(string? text) => Enum.GetValues<AccessState>().Where(s => s.ToWire() == text).Select(s => (AccessState?)s).FirstOrDefault();
}

internal sealed class AccessStateConverter() : ValueConverter<AccessState, string>(state => state.ToWire(), text => Read(text))
{
    private static AccessState Read(string text) => AccessStates.Parse(text) ?? throw new FormatException($"{text} is no state of access.");
}
