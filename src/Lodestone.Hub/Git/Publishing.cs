namespace Lodestone.Hub;

/// <summary>One reference to change.</summary>
/// <param name="Name">Full, such as <c>refs/heads/main</c>.</param>
/// <param name="Old">What it must point to now; null: it must not exist.</param>
/// <param name="New">What it shall point to; null: it is deleted.</param>
internal sealed record RefUpdate(string Name, ObjectId? Old, ObjectId? New);

/// <summary>How a <see cref="GitRepository.Publish"/> ended: <see cref="Published"/>, <see cref="Conflict"/> or <see cref="NameTaken"/>.</summary>
internal abstract record PublishOutcome;

/// <summary>All references are changed, and durable.</summary>
internal sealed record Published : PublishOutcome;

/// <summary>A reference was not what the caller expected; nothing is changed.</summary>
/// <param name="Actual">What it points to; null: it does not exist.</param>
internal sealed record Conflict(string RefName, ObjectId? Actual) : PublishOutcome;

/// <summary>A new reference cannot be, because one with <paramref name="By"/> as its name is in the way (<c>a</c> and <c>a/b</c>); nothing is changed.</summary>
internal sealed record NameTaken(string RefName, string By) : PublishOutcome;
